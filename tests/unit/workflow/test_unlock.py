"""A folder is unlocked after a killed run, and not beside one that is going on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyglot.workflow import lock
from polyglot.workflow.lock import JOB_OF_A_RUN, unlock

JOB = ".snakemake/scripts/tmpabc.synthesize.py"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start what looks like Snakemake, or a job of its, in the folder."""
    (tmp_path / ".snakemake/scripts").mkdir(parents=True)
    for name in ("snakemake", JOB):
        (tmp_path / name).write_text("print('ready', flush=True); input()")
    started = []

    def run(*arguments: str, script: str = "snakemake") -> subprocess.Popen[str]:
        command = [sys.executable, str(tmp_path / script), *arguments]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, text=True))
        assert started[-1].stdout is not None
        assert started[-1].stdout.readline() == "ready\n"
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_a_run_that_is_going_on_keeps_its_lock(tmp_path: Path, start: Start) -> None:
    run = start("all", "--cores", "2")
    with pytest.raises(SystemExit, match=rf"another run is active in this folder \(process {run.pid}\)"):
        unlock(tmp_path)


def test_a_job_that_a_killed_run_has_left_on_this_node_does_not(tmp_path: Path, start: Start) -> None:
    start("--snakefile", "Snakefile", JOB_OF_A_RUN, "student:lang=de")
    unlock(tmp_path)


def test_a_job_that_outlives_its_run_is_named_and_one_that_is_ending_waited_for(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(script=JOB)
    with monkeypatch.context() as changed:
        changed.setattr(lock, "ENDING", 0.1)
        with pytest.raises(SystemExit, match=rf"go on in this folder \(processes {job.pid}\)"):
            unlock(tmp_path)
    threading.Timer(0.5, job.kill).start()
    unlock(tmp_path)
    assert job.poll() is not None


def test_a_job_of_a_cluster_is_left_to_the_next_run(tmp_path: Path, start: Start) -> None:
    (tmp_path / "snakemake").write_text(
        "import subprocess, sys; subprocess.run([sys.executable, sys.argv[1]])  # as on a cluster's node"
    )
    start(str(tmp_path / JOB), JOB_OF_A_RUN, "student:lang=de")
    unlock(tmp_path)
