"""Whatever happens to a job, to Slurm or to Snakemake: the final table is that of an undisturbed run.

Three studies are disturbed, each several times on the way to its student; what follows on the student is made on this machine. A
test looks at what one disturbance has left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
import pytest

from polyglot.training.checkpoints import is_complete

from ..workflow.conftest import Workplace
from .conftest import (
    PROFILE,
    RESULTS,
    STATE,
    STUDENT,
    TABLE,
    Finished,
    Record,
    Running,
    cluster_script,
    eventually,
    records,
    run_of,
    running,
    unanswered_copy,
    untrained_copy,
)

pytestmark = pytest.mark.slow

SHORTLY = 0.01
"""Seconds between two looks at whether a moment has come that may soon be over."""


def batches(workplace: Workplace) -> int:
    """Batches of answers that are safe in the side file."""
    side = workplace.folder / RESULTS / "unfinished/answers/hasty/de/0.jsonl"
    return side.read_bytes().count(b"\n") if side.exists() else 0


def writing(workplace: Workplace) -> Callable[[], bool]:
    return lambda: batches(workplace) >= 3


def training(workplace: Workplace) -> Callable[[], bool]:
    checkpoints = workplace.folder / RESULTS / "unfinished/students/nano-base/equal/hasty/de/0"
    return lambda: any(map(is_complete, checkpoints.glob("checkpoint-*")))


def log(workplace: Workplace, rule: str) -> str:
    (path,) = (workplace.folder / RESULTS / "logs" / rule).rglob("*.log")
    return path.read_text()


def states(run: Running, rule: str) -> list[str]:
    return [record.fields["JobState"] for record in records(run_of(run.output)) if record.is_of(rule)]


def scripts_of(workplace: Workplace, rule: str) -> list[psutil.Process]:
    """The processes of a rule's scripts, and those that they have started: a training has one for each GPU."""
    scripts = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(str(workplace.folder)) and word.endswith(f".{rule}.py") for word in process.info["cmdline"] or [])
    ]
    return [*scripts, *(child for process in scripts for child in process.children(recursive=True))]


def suspend(workplace: Workplace, rule: str) -> None:
    """A job that does nothing from now on, as on a node that has become slow."""
    scripts = scripts_of(workplace, rule)
    assert scripts
    for process in scripts:
        process.suspend()


@contextmanager
def suspended(workplace: Workplace, rule: str) -> Iterator[None]:
    """A job that is under way for as long as the block, however fast the machine is."""
    suspend(workplace, rule)
    try:
        yield
    finally:
        for process in scripts_of(workplace, rule):
            process.resume()


def suspend_until_killed(workplace: Workplace, rule: str) -> None:
    """The same, also while Slurm wakes the job to tell it that its time is over."""
    scripts = scripts_of(workplace, rule)
    assert scripts

    def killed() -> bool:
        for process in scripts:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        return not any(map(lives, scripts))

    eventually(killed, every=0.02)


@contextmanager
def killed_while_under_way(run: Running, rule: str, moment: Callable[[], bool]) -> Iterator[None]:
    """From a moment of a job it does nothing more, until what the block orders has killed it: it cannot end before."""
    run.when(moment, every=SHORTLY)
    suspend(run.workplace, rule)
    yield
    suspend_until_killed(run.workplace, rule)


def save(job: str) -> None:
    """Have slurmctld write what it knows of a job that runs, which it does some seconds later by itself: if it is killed before,
    it starts the job once more, and drains the node that has it already."""
    before = time.time_ns()
    subprocess.run(["scontrol", "update", f"JobId={job}", "AdminComment=to be saved"], check=True)
    eventually(lambda: STATE.exists() and STATE.stat().st_mtime_ns > before)


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True)
class Disturbed:
    """A study that came to its end in spite of everything: what each start of Snakemake said, the last one unhindered."""

    workplace: Workplace
    outputs: tuple[str, ...]

    def records(self, rule: str, start: int = 0) -> list[Record]:
        """The controller's records of a rule's jobs in one of the starts."""
        return [record for record in records(run_of(self.outputs[start])) if record.is_of(rule)]

    def states(self, rule: str, start: int = 0) -> list[str]:
        return [record.fields["JobState"] for record in self.records(rule, start)]

    @cached_property
    def table(self) -> bytes:
        """The final table, made from the student on this machine."""
        self.workplace.snakemake(TABLE)
        return (self.workplace.folder / TABLE).read_bytes()


@pytest.fixture(scope="module")
def shaken(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """A job is cancelled, and the next one's slurmctld killed; the training is preempted, and its slurmd killed."""
    workplace = unanswered_copy(finished, tmp_path_factory.mktemp("shaken") / "copy")
    with running(workplace, target=[STUDENT]) as run:
        with killed_while_under_way(run, "synthesize", writing(workplace)):
            subprocess.run(["scancel", run.job("synthesize")], check=True)
        written = batches(workplace)
        run.when(lambda: batches(workplace) > written, every=SHORTLY)
        with suspended(workplace, "synthesize"):
            assert states(run, "synthesize") == ["CANCELLED", "RUNNING"]
            save(run.job("synthesize"))
            cluster_script("restart", "slurmctld", "20")  # long enough for status checks and submissions to fail meanwhile

        with killed_while_under_way(run, "student", training(workplace)):
            job = run.job("student")
            subprocess.run(["scontrol", "requeue", job], check=True)
        run.when(lambda: states(run, "student") == ["PENDING"])
        subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], check=True)  # not after two minutes
        run.when(lambda: bool(scripts_of(workplace, "student")))
        with suspended(workplace, "student"):
            cluster_script("restart", "slurmd", "5")
        assert run.end() == 0, run.output[-6000:]
    return Disturbed(workplace, (run.output,))


def test_a_job_that_is_cancelled(finished: Finished, shaken: Disturbed) -> None:
    assert shaken.states("synthesize") == ["CANCELLED", "COMPLETED"]
    assert "resumed, " in log(shaken.workplace, "synthesize")
    assert shaken.table == finished.table


def test_slurmctld_is_killed_and_started_again(finished: Finished, shaken: Disturbed) -> None:
    """The job that was under way is the one that the run goes on with."""
    assert len(shaken.records("synthesize")) == 2
    assert shaken.table == finished.table


def test_a_job_that_is_preempted_and_put_back_into_the_queue(finished: Finished, shaken: Disturbed) -> None:
    (record,) = shaken.records("student")
    assert record.fields["Restarts"] == "1"
    assert "fine-tuning: resumed" in log(shaken.workplace, "student")
    assert shaken.table == finished.table


def test_slurmd_is_killed_and_started_again(finished: Finished, shaken: Disturbed) -> None:
    """The training goes on without it, and is not begun once more."""
    assert shaken.states("student") == ["COMPLETED"]
    assert shaken.table == finished.table


@pytest.fixture(scope="module")
def too_small(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """A training gets too little memory, and then too little time."""
    workplace = untrained_copy(finished, tmp_path_factory.mktemp("too_small") / "copy")
    memory = "student:mem_mb=400 if attempt == 1 else 4000"
    with running(workplace, "--set-resources", memory, target=[STUDENT]) as run:
        with killed_while_under_way(run, "student", training(workplace)):
            subprocess.run(["scontrol", "update", f"JobId={run.job('student')}", "TimeLimit=1"], check=True)
        assert run.end() == 0, run.output[-6000:]
    return Disturbed(workplace, (run.output,))


def test_a_job_over_its_memory_gets_more(finished: Finished, too_small: Disturbed) -> None:
    first, *others = too_small.records("student")
    assert first.fields["JobState"] in ("OUT_OF_MEMORY", "FAILED")  # the latter where Slurm puts it down to the job's step alone
    assert [first.mem_mb, *(record.mem_mb for record in others)] == [400, 4000, 4000]
    said = "".join(
        path.read_text() for path in (too_small.workplace.folder / ".snakemake/slurm_logs/rule_student").rglob("*.log")
    )
    assert re.search(r"oom.kill|memory limit", said)
    assert too_small.table == finished.table


def test_a_job_over_its_time_limit_gets_more(finished: Finished, too_small: Disturbed) -> None:
    assert too_small.states("student")[1:] == ["TIMEOUT", "COMPLETED"]
    first, _, third = (record.minutes for record in too_small.records("student"))
    assert third > first
    assert "fine-tuning: resumed" in log(too_small.workplace, "student")
    assert too_small.table == finished.table


@pytest.fixture(scope="module")
def started_again(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbed]:
    """Snakemake is interrupted; then it is killed, and its job sleeps on; then the disk is full. This training computes on one
    GPU; those disturbed before, and the one that is not disturbed, on two."""
    workplace = untrained_copy(finished, tmp_path_factory.mktemp("started_again") / "copy")
    workplace.configure("models.yaml", lambda models: models["nano-base"].update(training_gpus=1))
    squeue = slow_squeue(tmp_path_factory.mktemp("slow"))
    with running(workplace, target=[STUDENT], PATH=f"{squeue}:{os.environ['PATH']}") as interrupted:
        with killed_while_under_way(interrupted, "student", training(workplace)):
            (squeue / "slow").touch()
            interrupted.when((squeue / "asked").exists, every=SHORTLY)  # Snakemake has no list of its jobs meanwhile
            interrupted.process.send_signal(signal.SIGINT)
        assert interrupted.end() != 0
    eventually(lambda: states(interrupted, "student") == ["CANCELLED"])
    outputs = [interrupted.output]

    with running(workplace, target=[STUDENT]) as killed:
        killed.when(lambda: bool(scripts_of(workplace, "student")))
        suspend(workplace, "student")
        os.killpg(killed.process.pid, signal.SIGKILL)
        killed.end()
    assert states(killed, "student") == ["RUNNING"]
    outputs.append(killed.output)
    workplace.unlock()

    with small_disk(workplace.folder / RESULTS / "students") as disk:
        if disk:
            full = workplace.snakemake(*PROFILE, STUDENT, "--retries", "1", check=False)
            assert full.returncode
            assert not (disk / "nano-base/equal/hasty/de/0").exists()
            subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
            outputs.append(full.stdout + full.stderr)
        last = workplace.snakemake(*PROFILE, STUDENT)
        yield Disturbed(workplace, (*outputs, last.stdout + last.stderr))


def slow_squeue(folder: Path) -> Path:
    """A folder with a squeue that takes its time as soon as there is a file `slow` beside it, and then writes `asked` first."""
    command = folder / "squeue"
    command.write_text(f"""#!/bin/sh
[ ! -e {folder}/slow ] || {{ touch {folder}/asked; sleep 3; }}
exec {shutil.which("squeue")} "$@"
""")
    command.chmod(0o755)
    return folder


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A folder with a disk of 16 kB of its own; None where no file system can be mounted."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_snakemake_is_interrupted_and_started_again(finished: Finished, started_again: Disturbed) -> None:
    """Also if that is while it asks for the states of its jobs."""
    assert started_again.states("student", start=0) == ["CANCELLED"]
    assert "Stopped. Run the same command again" in started_again.outputs[0]
    assert "fine-tuning: resumed" in log(started_again.workplace, "student")
    assert started_again.table == finished.table


def test_snakemake_is_killed_and_its_jobs_are_not_left_beside_those_of_the_next_run(
    finished: Finished, started_again: Disturbed
) -> None:
    assert started_again.states("student", start=1) == ["CANCELLED"]
    assert "an earlier run left in the queue" in started_again.outputs[2]
    assert started_again.table == finished.table


def test_a_full_disk(finished: Finished, started_again: Disturbed) -> None:
    if len(started_again.outputs) < 4:
        pytest.skip("no file system can be mounted here")
    said = started_again.outputs[2]
    assert "student (base nano-base, recipe equal, teacher hasty, lang de, seed 0), 2 attempts" in said
    assert "No space left on device" in said[said.index("1 job failed") :]
    assert started_again.states("student", start=3) == ["COMPLETED"]
    assert started_again.table == finished.table
