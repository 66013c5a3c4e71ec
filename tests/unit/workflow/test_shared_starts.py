"""Jobs that share a start: as if each ran by itself, none outlives its client, and no server outlives the run."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from polyglot.workflow import shared_starts
from polyglot.workflow.shared_starts import LIBRARIES, OFF, VARIABLE, served_by
from polyglot.workflow.start_server import NOT_INITIALIZED, driver_is_in_use, why_not_to_fork
from tests.patience import STANDSTILL

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="jobs share their starts on Linux only")

SCRIPT = """
import sys
from polyglot.workflow import shared_starts
shared_starts.IDLE = {idle}
shared_starts.LIBRARIES = {{"light": {modules!r}}}
reason = shared_starts.hand_over("light")
import json, os, signal, time
def facts():
    return {{"pid": os.getpid(), "parent": os.getppid(), "reason": reason, "modules": sorted(sys.modules)}}
{body}
"""
WAITS = "print(json.dumps(facts()), flush=True)\nsys.stdin.read()\nprint('done', flush=True)"


class Place:
    """A folder with a run that is going on, and jobs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run: subprocess.Popen[str] = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
        self.servers = folder / "a name so long that no socket could have it as its path" / ("x" * 60)
        self.variable = f"{self.run.pid}:{self.servers}"
        self.jobs: list[subprocess.Popen[str]] = []

    def start(
        self, body: str, *arguments: str, idle: float = 60, modules: tuple[str, ...] = ("decimal",), **variables: str
    ) -> subprocess.Popen[str]:
        script = self.folder / f"job {len(self.jobs)}.py"
        script.write_text(SCRIPT.format(body=body, idle=idle, modules=modules), encoding="utf-8")
        pipe = subprocess.PIPE
        self.jobs.append(
            subprocess.Popen(
                [sys.executable, str(script), *arguments],
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                text=True,
                cwd=self.folder,
                env=os.environ | {VARIABLE: self.variable} | variables,
            )
        )
        return self.jobs[-1]

    def do(self, body: str, *arguments: str, **more: Any) -> Any:
        """What a job prints as JSON."""
        output, error = self.start(body, *arguments, **more).communicate(timeout=STANDSTILL)
        assert output, error
        return json.loads(output)

    def waiting(self, **more: Any) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        """A job under way, and what it says of itself."""
        job = self.start(WAITS, **more)
        assert job.stdout is not None
        line = job.stdout.readline()
        assert line, job.communicate()[1]
        return job, json.loads(line)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    for process in [*place.jobs, place.run]:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    """Whether a process ends (one that nobody waits for stays as a zombie)."""
    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(timeout=STANDSTILL)
    except psutil.NoSuchProcess:
        pass
    return True


FACTS = "print(json.dumps(facts()))"


def test_jobs_are_forks_of_one_server_that_has_imported_the_libraries(place: Place) -> None:
    found = [place.do(FACTS) for _ in range(3)]
    assert len({job["parent"] for job in found}) == 1
    assert len({job["pid"] for job in found}) == 3
    assert not {job["pid"] for job in found} & {job.pid for job in place.jobs}
    assert {job["reason"] for job in found} == {""}
    assert all("decimal" in job["modules"] for job in found)


def test_a_job_reads_the_projects_own_code_anew(place: Place) -> None:
    (place.folder / "mine.py").write_text("value = 1")
    assert place.do("import mine; print(json.dumps(mine.value))") == 1
    (place.folder / "mine.py").write_text("value = 22")
    assert place.do("import mine; print(json.dumps(mine.value))") == 22


def test_a_job_has_its_clients_arguments_folder_paths_mask_and_streams(place: Place) -> None:
    told = "[sys.argv, os.getcwd(), sys.path[0], os.umask(0), __main__.__file__, __name__]"
    body = f"import __main__; told = {told}; print(json.dumps(told))"
    before = os.umask(0o027)
    try:
        arguments, folder, path, umask, file, name = place.do(body, "one", "two words")
    finally:
        os.umask(before)
    assert arguments[1:] == ["one", "two words"]
    assert (folder, path, umask, name) == (str(place.folder), str(place.folder), 0o027, "__main__")
    assert file == arguments[0]
    job, _ = place.waiting()
    output, error = job.communicate("the end of its input", timeout=STANDSTILL)
    assert (output, error, job.returncode) == ("done\n", "", 0)


def test_a_library_is_imported_under_the_variables_that_a_job_has(place: Place) -> None:
    body = "print(json.dumps([os.environ.get('FOR_LIBRARIES'), os.getppid()]))"
    one, other, again = (place.do(body, FOR_LIBRARIES=value) for value in ("1", "2", "1"))
    assert [found[0] for found in (one, other, again)] == ["1", "2", "1"]
    assert one[1] == again[1] != other[1]


def test_a_killed_client_takes_its_job_with_it_and_no_other(place: Place) -> None:
    (one, killed), (other, kept) = place.waiting(), place.waiting()
    one.kill()
    assert gone(killed["pid"])
    assert psutil.pid_exists(kept["parent"])
    assert other.communicate("", timeout=STANDSTILL)[0] == "done\n"


def test_processes_that_a_job_started_end_with_it(place: Place) -> None:
    body = "import subprocess; child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); child.wait()"
    job = place.start(body)
    assert job.stdout is not None
    child = int(job.stdout.readline())
    job.kill()
    assert gone(child)


def test_an_interrupt_reaches_the_job(place: Place) -> None:
    body = f"try:\n    {WAITS.splitlines()[0]}\n    sys.stdin.read()\nexcept KeyboardInterrupt:\n    sys.exit(7)"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
    try:
        job = place.start(body)
    finally:
        signal.signal(signal.SIGINT, before)
    assert job.stdout is not None
    job.stdout.readline()
    job.send_signal(signal.SIGINT)
    job.wait(timeout=STANDSTILL)
    assert job.returncode == 7


def test_a_killed_run_takes_its_servers_and_jobs_with_it(place: Place) -> None:
    job, facts = place.waiting()
    place.run.kill()
    place.run.wait()
    assert gone(facts["pid"])
    assert gone(facts["parent"])
    assert job.wait(timeout=STANDSTILL) == 1


def test_a_killed_server_takes_its_jobs_with_it_and_the_next_job_starts_another(place: Place) -> None:
    job, facts = place.waiting()
    os.kill(facts["parent"], signal.SIGKILL)
    assert gone(facts["pid"])
    assert "was killed" in job.communicate(timeout=STANDSTILL)[1]
    assert job.returncode == 1
    assert place.do(FACTS)["parent"] != facts["parent"]


def test_an_idle_server_ends_and_the_next_job_starts_another(place: Place) -> None:
    first = place.do(FACTS, idle=0.1)
    assert gone(first["parent"])
    second = place.do(FACTS, idle=0.1)
    assert second["reason"] == ""
    assert second["parent"] != first["parent"]


def test_a_job_has_its_own_number_of_blas_threads(place: Place) -> None:
    """numpy is imported with one, since a process with threads is not forked; its numbers would differ in their last digits."""
    body = "import numpy, threadpoolctl; found = threadpoolctl.threadpool_info(); "
    body += "print(json.dumps([reason, [one['num_threads'] for one in found if one['internal_api'] == 'openblas']]))"
    for asked in ("1", "2"):
        (reason, threads) = place.do(body, modules=("numpy",), OPENBLAS_NUM_THREADS=asked)
        assert reason == ""
        assert threads
        assert set(threads) == {min(int(asked), len(os.sched_getaffinity(0)))}


@pytest.mark.parametrize(("answer", "refused"), [(NOT_INITIALIZED, ""), (0, "CUDA is in use")])
def test_a_server_whose_libraries_have_touched_cuda_is_not_forked(
    monkeypatch: pytest.MonkeyPatch, answer: int, refused: str
) -> None:
    driver = SimpleNamespace(cuDeviceGetCount=lambda count: answer)
    monkeypatch.setattr(ctypes, "CDLL", lambda name, mode: driver)
    assert driver_is_in_use() == bool(refused)
    assert why_not_to_fork().startswith(refused)


def test_a_server_with_a_thread_is_not_forked(place: Place) -> None:
    (place.folder / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    )
    found = place.do(FACTS, modules=("threaded",), PYTHONPATH=f"{place.folder}:{os.environ.get('PYTHONPATH', '')}")
    assert found["pid"] == place.jobs[-1].pid
    assert found["reason"] == "this job does not share its start: 2 threads run"


def test_a_library_that_is_missing_is_left_to_the_job(place: Place) -> None:
    found = place.do(FACTS, modules=("no_such_library", "decimal"))
    assert found["reason"] == ""
    assert "decimal" in found["modules"]


def test_where_no_folder_can_be_made_a_job_runs_by_itself(place: Place) -> None:
    place.servers.parent.write_text("a file")
    found = place.do(FACTS)
    assert found["pid"] == place.jobs[-1].pid
    assert "Not a directory" in found["reason"]


def test_a_user_can_say_that_nothing_is_shared(place: Place) -> None:
    found = place.do(FACTS, **{VARIABLE: OFF})
    assert (found["pid"], found["reason"]) == (place.jobs[-1].pid, "")


def test_a_script_inside_another_program_stays_there(place: Place) -> None:
    """As `polyglot verify` runs them, also where a run has started it."""
    script, program = place.folder / "script.py", place.folder / "program.py"
    script.write_text(
        "import os\nfrom polyglot.workflow.shared_starts import hand_over\nhand_over('analysis')\nprint(os.getpid())\n"
    )
    program.write_text(f"import os, runpy\nprint(os.getpid())\nrunpy.run_path({str(script)!r})\n")
    environment = os.environ | {VARIABLE: place.variable}
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, env=environment)
    outside, inside = done.stdout.split()
    assert outside == inside


def test_the_process_of_a_job_is_known_by_its_clients(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake watches the client; memory and processor time are the job's."""
    monkeypatch.setenv(VARIABLE, place.variable)
    job, facts = place.waiting()
    assert served_by(job.pid) == facts["pid"]
    assert served_by(place.run.pid) is None
    job.communicate("", timeout=STANDSTILL)
    assert served_by(job.pid) is None


def test_a_job_is_not_a_descendant_of_the_client_that_started_the_server(place: Place) -> None:
    """Otherwise it would be counted twice, and the server with it."""
    job, facts = place.waiting()
    assert psutil.Process(job.pid).children(recursive=True) == []
    assert facts["parent"] != job.pid


def test_jobs_draw_numbers_of_their_own(place: Place) -> None:
    body = "import numpy, random; print(json.dumps([numpy.random.random(), random.random()]))"
    one, other = (place.do(body, modules=("numpy",)) for _ in range(2))
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_what_killed_runs_have_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    left, going_on = (tmp_path / shared_starts.FOLDER / str(pid) for pid in (int(ended.stdout), os.getppid()))
    for folder in (left, going_on):
        folder.mkdir(parents=True)
    shared_starts.share_starts(tmp_path)
    assert not left.exists()
    assert going_on.exists()
    assert os.environ[VARIABLE] == f"{os.getpid()}:{tmp_path / shared_starts.FOLDER / str(os.getpid())}"


def test_a_run_that_another_process_started_takes_its_servers(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = f"{os.getpid()}:{tmp_path / shared_starts.FOLDER / str(os.getpid())}"
    monkeypatch.setenv(VARIABLE, place.variable)
    shared_starts.share_starts(tmp_path)
    assert os.environ[VARIABLE] == own  # they have no folder
    place.servers.mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, place.variable)
    shared_starts.share_starts(tmp_path)
    assert os.environ[VARIABLE] == place.variable
    place.run.kill()
    place.run.wait()
    shared_starts.share_starts(tmp_path)
    assert os.environ[VARIABLE] == own


def rules_with_scripts(repository: Path) -> Iterator[tuple[str, str, str]]:
    """(conda environment, script, what the script says) of every rule with a script."""
    for path in sorted((repository / "rules").glob("*.smk")):
        for rule in re.split(r"^(?:use )?rule ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            environment = re.search(r"^    conda:\s+(.*)", rule, re.MULTILINE)
            script = re.search(r'"\.\./(scripts/.*)"', rule)
            if environment and script:
                text = (repository / script[1]).read_text(encoding="utf-8")
                said = re.search(r"with running\(snakemake(?:, environment=(.*))?(?:, online=True)?\):", text)
                assert said, script[1]
                yield environment[1], script[1], said[1] or ""


def test_a_script_names_the_environment_of_its_rule(repository: Path) -> None:
    found = list(rules_with_scripts(repository))
    assert len(found) > 60
    for environment, script, said in found:
        fixed = re.search(r"locked/(\w+)\.yaml", environment)
        if said.startswith('"'):
            assert fixed, script
            assert said.strip('"') == fixed[1], script
            assert fixed[1] in LIBRARIES
        elif said:
            assert not fixed, script
    alone = {Path(script).name for _, script, said in found if not said}
    assert alone == {"hub_model.py", "hub_dataset.py", "hub_lock.py", "plan.py", "archive.py", "rehearse.py"}


PRELOADED = """
import json, os, sys
from polyglot.workflow.start_server import preload, why_not_to_fork
preload(sys.argv[1:])
missing = [name for name in sys.argv[1:] if name not in sys.modules]
packages = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([missing, why_not_to_fork(), sorted(packages)]))
"""
HEAVY = (
    *("accelerate", "datasets", "lighteval", "matplotlib", "nltk", "pandas", "peft", "scipy", "sentence_transformers", "sklearn"),
    *("statsmodels", "torch", "transformers", "trl", "vllm"),
)
MODELS = {"accelerate", "datasets", "pandas", "peft", "scipy", "torch", "transformers"}
IMPORTED = {
    "analysis": {"matplotlib", "pandas", "scipy", "sklearn", "statsmodels"},
    "transformers": MODELS,
    "trl": MODELS | {"trl"},
    "embedding": MODELS | {"sentence_transformers", "sklearn"},
    "lighteval": {"accelerate", "datasets", "lighteval", "nltk", "pandas", "scipy", "sklearn", "torch", "transformers"},
}


@pytest.mark.slow
@pytest.mark.parametrize("environment", LIBRARIES)
def test_the_libraries_of_an_environment_leave_a_process_that_can_be_forked(environment: str, repository: Path) -> None:
    """The real libraries, each environment's: one that starts a thread at its import would end all sharing."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "4")
    variables = threads | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", PRELOADED, *LIBRARIES[environment]],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | variables | shared_starts.FOR_THE_SERVER,
    )
    missing, unsafe, packages = json.loads(done.stdout.splitlines()[-1])
    assert (missing, unsafe) == ([], "")
    assert set(HEAVY) & set(packages) == IMPORTED[environment]
