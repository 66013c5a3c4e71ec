"""A folder is unlocked after a killed run, and not beside one that is going on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from polyglot.workflow.lock import JOB_OF_A_RUN, unlock

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start what looks like Snakemake, in the folder."""
    (tmp_path / "snakemake").write_text("print('ready', flush=True); input()")
    started = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(tmp_path / "snakemake"), *arguments]
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
