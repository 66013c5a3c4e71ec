"""Whatever happens to a job, to Slurm or to Snakemake: the final table is that of an undisturbed run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from polyglot.checkpoints import is_complete

from ..workflow.conftest import Workplace
from .conftest import PROFILE, RESULTS, TABLE, Finished, Running, cluster_script, eventually, records, run_of, running

pytestmark = pytest.mark.slow


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
    return [record.fields["JobState"] for record in records(run_of(run.output)) if record.rules.startswith(rule)]


def table(workplace: Workplace) -> bytes:
    return (workplace.folder / TABLE).read_bytes()


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


def suspend_until_killed(workplace: Workplace, rule: str) -> None:
    """The same, also while Slurm wakes the job to tell it that its time is over."""
    scripts = scripts_of(workplace, rule)
    assert scripts
    while any(map(lives, scripts)):
        for process in scripts:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(0.02)


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_job_that_is_cancelled(finished: Finished, unanswered: Workplace) -> None:
    with running(unanswered) as run:
        run.when(writing(unanswered))
        subprocess.run(["scancel", run.job("synthesize")], check=True)
        assert run.end() == 0
    assert states(run, "synthesize") == ["CANCELLED", "COMPLETED"]
    assert "resumed, " in log(unanswered, "synthesize")
    assert table(unanswered) == finished.table


def test_a_job_that_is_preempted_and_put_back_into_the_queue(finished: Finished, untrained: Workplace) -> None:
    with running(untrained) as run:
        run.when(training(untrained))
        job = run.job("student")
        subprocess.run(["scontrol", "requeue", job], check=True)
        run.when(lambda: states(run, "student") == ["PENDING"])
        subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], check=True)  # not after two minutes
        assert run.end() == 0
    assert [record.fields["Restarts"] for record in records(run_of(run.output)) if record.rules.startswith("student")] == ["1"]
    assert "fine-tuning: resumed" in log(untrained, "student")
    assert table(untrained) == finished.table


def test_slurmd_is_killed_and_started_again(finished: Finished, untrained: Workplace) -> None:
    with running(untrained) as run:
        run.when(training(untrained))
        cluster_script("restart", "slurmd", "5")
        assert run.end() == 0
    assert table(untrained) == finished.table


def test_slurmctld_is_killed_and_started_again(finished: Finished, unanswered: Workplace) -> None:
    """Long enough for status checks and submissions to fail meanwhile."""
    with running(unanswered) as run:
        run.when(writing(unanswered))
        cluster_script("restart", "slurmctld", "20")
        assert run.end() == 0
    assert table(unanswered) == finished.table


def test_a_job_over_its_time_limit_gets_more(finished: Finished, untrained: Workplace) -> None:
    with running(untrained, "--set-resources", "student:runtime=1 if attempt == 1 else 30") as run:
        run.when(training(untrained))
        suspend_until_killed(untrained, "student")
        assert run.end() == 0
    assert states(run, "student") == ["TIMEOUT", "COMPLETED"]
    assert "fine-tuning: resumed" in log(untrained, "student")
    assert table(untrained) == finished.table


def test_a_job_over_its_memory_gets_more(finished: Finished, untrained: Workplace) -> None:
    with running(untrained, "--set-resources", "student:mem_mb=400 if attempt == 1 else 4000") as run:
        assert run.end() == 0
    first, second = states(run, "student")
    assert first in ("OUT_OF_MEMORY", "FAILED")  # the latter where Slurm puts it down to the job's step alone
    assert second == "COMPLETED"
    said = "".join(path.read_text() for path in (untrained.folder / ".snakemake/slurm_logs/rule_student").rglob("*.log"))
    assert re.search(r"oom.kill|memory limit", said)
    assert table(untrained) == finished.table


def test_snakemake_is_interrupted_and_started_again(finished: Finished, untrained: Workplace) -> None:
    with running(untrained) as run:
        run.when(training(untrained))
        run.process.send_signal(signal.SIGINT)
        assert run.end(60) != 0
    eventually(lambda: states(run, "student") == ["CANCELLED"])
    assert "Stopped. The same command goes on" in run.output
    untrained.snakemake(*PROFILE, TABLE)
    assert "fine-tuning: resumed" in log(untrained, "student")
    assert table(untrained) == finished.table


def test_snakemake_is_killed_and_its_jobs_are_not_left_beside_those_of_the_next_run(
    finished: Finished, untrained: Workplace
) -> None:
    with running(untrained) as run:
        run.when(training(untrained))
        suspend(untrained, "student")
        os.killpg(run.process.pid, signal.SIGKILL)
        run.end()
    assert states(run, "student") == ["RUNNING"]
    untrained.unlock()
    done = untrained.snakemake(*PROFILE, TABLE)
    assert "an earlier run left in the queue" in done.stderr
    assert states(run, "student") == ["CANCELLED"]
    assert "fine-tuning: resumed" in log(untrained, "student")
    assert table(untrained) == finished.table


@pytest.fixture
def small_disk(untrained: Workplace) -> Iterator[Path]:
    """A disk of 16 kB for students."""
    disk = untrained.folder / RESULTS / "students"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk(finished: Finished, untrained: Workplace, small_disk: Path) -> None:
    done = untrained.snakemake(*PROFILE, TABLE, "--retries", "1", check=False)
    assert done.returncode
    assert "student (base nano-base, recipe equal, teacher hasty, lang de, seed 0), 2 attempts" in done.stderr
    assert "No space left on device" in done.stderr[done.stderr.index("1 job failed") :]
    assert not (small_disk / "nano-base/equal/hasty/de/0").exists()
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    untrained.snakemake(*PROFILE, TABLE)
    assert table(untrained) == finished.table
