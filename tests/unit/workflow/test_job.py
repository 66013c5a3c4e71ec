"""The frame around every script: hubs are offline, unless the job is to fetch from one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from polyglot.core import submission
from polyglot.core.submission import Submission
from polyglot.workflow.job import OFFLINE, gpus_asked, kept_table, may_share
from polyglot.workflow.job_log import Cleaned, tidy
from tests.patience import STANDSTILL

CODE = """
import json, os, sys
from types import SimpleNamespace
from polyglot.workflow.job import running
job = SimpleNamespace(log=[sys.argv[1]], rule="rule", wildcards={}, resources={}, threads=1)
with running(job, online=sys.argv[2] == "online"):
    import datasets, huggingface_hub.constants as hub
    offline = {"hub": hub.HF_HUB_OFFLINE, "datasets": datasets.config.HF_HUB_OFFLINE}
    print(json.dumps({"environment": dict(os.environ), "offline": offline}))
"""
FETCHING = {"hub_dataset.py", "hub_model.py", "rehearse.py"}


@pytest.mark.parametrize("kind", ["online", "offline"])
def test_hubs_are_offline_for_rules_but_not_for_those_that_fetch(repository: Path, tmp_path: Path, kind: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    command = [sys.executable, "-c", CODE, str(tmp_path / "log"), kind]
    subprocess.run(command, check=True, env=clean | {"PYTHONPATH": str(repository / "scripts")}, timeout=STANDSTILL)
    found = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert {name: found["environment"].get(name) for name in OFFLINE} == (
        OFFLINE if kind == "offline" else dict.fromkeys(OFFLINE)
    )
    assert set(found["offline"].values()) == {kind == "offline"}


def adapters(repository: Path) -> list[Path]:
    return [path for path in (repository / "scripts").glob("*/*.py") if path.parent.name != "polyglot"]


def test_only_the_scripts_that_fetch_are_online(repository: Path) -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in adapters(repository)}
    framed = {name for name, text in scripts.items() if "with running(snakemake" in text}
    assert {name for name in framed if "online=True" in scripts[name]} == FETCHING
    assert {name for name, text in scripts.items() if "snakemake." in text} == framed


def test_adapters_have_names_of_their_own(repository: Path) -> None:
    """Archives name an adapter without its room."""
    names = [path.name for path in adapters(repository)]
    assert len(names) > 50
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("resources", "grouped", "may"),
    [({"gpu": 0}, False, True), ({"gpu": 1}, False, False), ({"gres": "gpu:1"}, False, False), ({"gpu": 1}, True, True)],
)
def test_a_job_with_a_gpu_shares_a_start_with_its_submission_only(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], grouped: bool, may: bool
) -> None:
    monkeypatch.setenv(submission.VARIABLE, "")
    if grouped:
        Submission(1, "", "", sharing=True).announce()
    assert may_share(resources) is may


def test_a_submission_that_is_done_again_takes_what_a_job_had_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its inputs or parameters have changed."""
    made: list[int] = []

    def make() -> pd.DataFrame:
        made.append(1)
        return pd.DataFrame({"answer": ["a", None], "score": [0.1 + 0.2, 1 / 3], "count": [1, 2]})

    def job(**params: Any) -> Any:
        given = {"side_file": str(tmp_path / "unfinished/table.parquet"), **params}
        return kept_table(SimpleNamespace(input=[tmp_path / "input"], params=SimpleNamespace(**given, items=given.items)))

    (tmp_path / "input").write_text("1")
    monkeypatch.setenv(submission.VARIABLE, "")
    job().made(make)
    assert not job().path.exists()  # it is for submissions of several jobs
    Submission(1, "", "", sharing=False).announce()
    first = job().made(make)
    job().remove()
    pd.testing.assert_frame_equal(job().made(make), first, check_exact=True)
    assert len(made) == 2
    job(batch_size=2).made(make)
    (tmp_path / "input").write_text("22")
    job(batch_size=2).made(make)
    assert len(made) == 4
    monkeypatch.setenv(submission.VARIABLE, "")
    job().remove()
    assert not job().path.exists()


SPAWNING = """
import multiprocessing, sys
from types import SimpleNamespace
from polyglot.workflow.job import running
snakemake = SimpleNamespace(log=[sys.argv[2]], rule="rule", wildcards={}, resources={}, threads=1)
__real_file__ = __file__
with running(snakemake):
    from polyglot.core.hashing import stable_seed
    children = multiprocessing.get_context(sys.argv[1])
    child = children.Process(target=stable_seed, args=("child",))
    child.start()
    child.join()
    print("the script runs, its child has ended with", child.exitcode)
"""


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_a_process_that_a_script_starts_does_not_run_the_script_again(tmp_path: Path, how: str) -> None:
    """vllm starts its engine so. Scripts do their work unguarded."""
    (tmp_path / "script.py").write_text(SPAWNING)
    command = [sys.executable, str(tmp_path / "script.py"), how, str(tmp_path / "log")]
    subprocess.run(command, check=True, timeout=STANDSTILL)
    assert (tmp_path / "log").read_text().splitlines() == ["the script runs, its child has ended with 0"]


SAYING = r"""
import os, signal, sys
from types import SimpleNamespace
from polyglot.workflow.job import running
snakemake = SimpleNamespace(log=[sys.argv[1]], rule="rule", wildcards={}, resources={}, threads=1)
with running(snakemake):
    print("a bar 1 %\rdone\r\nan endpoint says \x1b[31m\x1b]52;c;aGk=\x07 \u202e hf_AbcdefghijklmnopqrstuvwxyZ1")
    if "killed" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    if "fails" in sys.argv:
        raise RuntimeError("\x1b[2J and hf_AbcdefghijklmnopqrstuvwxyZ1")
"""


@pytest.mark.parametrize(("how", "status"), [("ends", 0), ("fails", 1), ("killed", -signal.SIGKILL)])
def test_the_log_of_a_job_has_no_control_character_and_no_key(tmp_path: Path, how: str, status: int) -> None:
    (tmp_path / "script.py").write_text(SAYING)
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "log"), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STANDSTILL)
    assert (done.returncode, "\x1b" in done.stderr) == (status, False)
    log = (tmp_path / "log").read_text()
    assert log.startswith("a bar 1 %\ndone\nan endpoint says \\x1b[31m\\x1b]52;c;aGk=\\x07 \\u202e [secret]\n")
    assert ("RuntimeError: \\x1b[2J and [secret]\n" in log) == (how == "fails")


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [
        ({}, 0),
        ({"gpu": 0, "gres": None}, 0),
        ({"gpu": 2}, 2),
        ({"gpu": None, "gres": "gpu:4"}, 4),
        ({"gres": "gpu:h200:2"}, 2),
        ({"gres": "lscratch:10,gpu:2"}, 2),
    ],
)
def test_a_job_knows_how_many_gpus_it_asks_for(resources: dict[str, Any], gpus: int) -> None:
    assert gpus_asked(resources) == gpus


@pytest.mark.parametrize("before", ["\x1b[31m", "\0", "\u200b", "\u202a", "\r"])
def test_a_log_holds_no_key_just_after_a_control_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """While a job runs, and after it has ended; a known value may hold one."""
    monkeypatch.setenv("LAB_KEY", "lab\u200bpass-1")
    said = f"asked with {before}hf_abcdefghijklmnopqrstuvwxyzABCD1234, lab\u200bpass-1\n"
    tidied, written = tmp_path / "tidied", tmp_path / "written"
    tidied.write_text(said, encoding="utf-8", newline="")
    tidy(tidied)
    with written.open("wb") as file:
        Cleaned(file.fileno()).write(said)
    for log in (tidied, written):
        text = log.read_text(encoding="utf-8")
        assert "abcdefghij" not in text
        assert text.startswith("asked with ")
        assert text.endswith("[secret], [secret]\n")
