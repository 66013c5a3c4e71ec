"""Jobs that a killed run has left are cancelled, and those of a run that is going on are not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from polyglot.cluster.leftovers import RUNS, RunElsewhereError, cancel_leftovers

REGISTER = (
    "import sys; from pathlib import Path; from polyglot.cluster.leftovers import register_run; register_run(Path.cwd(), 'first')"
)
Run = subprocess.Popen[str]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slurm's commands: two jobs of the run `first` and one of a stranger, until they are cancelled."""
    queue = tmp_path / "queue"
    queue.write_text("7 first\n8 first\n9 stranger\n")
    commands = {"squeue": f"cat {queue}", "scancel": f'for job; do sed -i "/^$job /d" {queue}; done'}
    (tmp_path / "bin").mkdir()
    for name, text in commands.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    logs = tmp_path / ".snakemake/log"
    logs.mkdir(parents=True)
    (logs / "first.log").write_text("SLURM run ID: first\n")
    return queue


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Run]:
    """The process of the run, which ends when it is written to."""
    code = f"{REGISTER}; print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        yield run
        run.kill()


def test_jobs_of_a_run_that_is_going_on_stay(tmp_path: Path, queue: Path, first: Run) -> None:
    assert cancel_leftovers(tmp_path) == {}
    assert queue.read_text() == "7 first\n8 first\n9 stranger\n"


def test_jobs_of_a_killed_run_are_cancelled(tmp_path: Path, queue: Path, first: Run) -> None:
    """Also while its parent has not taken note of its end."""
    first.kill()
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    assert list((tmp_path / RUNS).iterdir())
    assert cancel_leftovers(tmp_path) == {"first": 2}
    assert queue.read_text() == "9 stranger\n"


def test_a_run_that_ends_is_no_longer_going_on(tmp_path: Path, queue: Path, first: Run) -> None:
    first.communicate("\n")
    assert list((tmp_path / RUNS).iterdir()) == []
    assert cancel_leftovers(tmp_path) == {"first": 2}


def test_another_process_of_the_same_number_is_not_the_run(tmp_path: Path, queue: Path) -> None:
    process = psutil.Process()
    going_on = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time() - 100}
    register(tmp_path, going_on)
    assert cancel_leftovers(tmp_path) == {"first": 2}


def test_a_run_on_another_machine_is_not_taken_for_dead(tmp_path: Path, queue: Path) -> None:
    register(tmp_path, {"host": "login2", "pid": 1, "started": 0.0})
    with pytest.raises(RunElsewhereError, match=r"2 jobs .* on login2: stop it there") as refused:
        cancel_leftovers(tmp_path)
    assert "9 stranger" in queue.read_text()
    assert "7 first" in queue.read_text()
    file = tmp_path / RUNS / "first.json"
    assert str(file) in str(refused.value)
    file.unlink()
    assert cancel_leftovers(tmp_path) == {"first": 2}


def register(folder: Path, entry: dict[str, object]) -> None:
    (folder / RUNS).mkdir()
    (folder / RUNS / "first.json").write_text(json.dumps(entry))
