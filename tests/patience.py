"""Tests wait for events, not for seconds: patience is renewed whenever something moves, and only a standstill ends it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

STANDSTILL = 600.0
"""Seconds in which nothing moves, after which a test gives up; a slow machine moves all the same."""
LOOK = 30.0
"""Seconds between two looks at what moves: they go through thousands of files."""


def newest(*places: Path) -> tuple[int, int]:
    """Changes whenever a file is written in these places: how many there are, and when the last was changed."""
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    times = []
    for file in files:
        try:
            times.append(file.stat().st_mtime_ns)
        except OSError:
            continue  # it has been removed meanwhile
    return len(times), max(times, default=0)


def wait_until(
    ready: Callable[[], bool],
    *moves: Path,
    job: subprocess.Popen[str] | subprocess.Popen[bytes] | None = None,
    said: Callable[[], str] = str,
    every: float = 0.02,
) -> None:
    """Wait for an event.

    Args:
        moves: files and folders in which something changes as long as there is progress.
        job: what the event comes from; if it ends first, there is nothing to wait for.
        said: what a failure is to show of it.
        every: seconds between two looks at whether the event has come.

    Raises:
        AssertionError: if the job has ended, or nothing has moved for long: what stood still.
    """
    seen: tuple[int, int] | None = None  # not read at the start: a short moment would pass meanwhile
    looked = renewed = time.monotonic()
    while not ready():
        assert job is None or job.poll() is None, f"it ended before the moment came:\n{said()}"
        now = time.monotonic()
        if now - looked > LOOK:
            found, looked = newest(*moves), now
            if found != seen:
                seen, renewed = found, now
            names = ", ".join(map(str, moves)) or "what was waited for"
            assert now - renewed < STANDSTILL, f"nothing moved for {STANDSTILL:.0f} s in {names}:\n{said()}"
        time.sleep(every)


def wait_for_the_end(job: subprocess.Popen[str] | subprocess.Popen[bytes], *moves: Path, said: Callable[[], str] = str) -> int:
    """Wait until a process ends; its exit status. It may take as long as it moves."""
    wait_until(lambda: job.poll() is not None, *moves, said=said, every=0.05)
    return job.returncode


def run(command: Sequence[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command for as long as something moves in its folder, or it says something; whatever its exit status is."""
    with TemporaryDirectory() as place:
        logs = [Path(place) / name for name in ("output", "error")]

        def said() -> list[str]:
            return [log.read_text(encoding="utf-8", errors="replace") for log in logs]

        # jobs share their starts where they have the same variables; pytest has one that changes with every test
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        with logs[0].open("w") as output, logs[1].open("w") as error:
            job = subprocess.Popen(command, cwd=folder, stdout=output, stderr=error, env=environment | variables)
        try:
            status = wait_for_the_end(job, folder, *logs, said=lambda: "".join(said())[-6000:])
        finally:
            job.kill()
            job.wait()
        return subprocess.CompletedProcess(command, status, *said())
