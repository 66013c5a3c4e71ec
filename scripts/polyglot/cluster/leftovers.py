"""Jobs that a run left in Slurm's queue when it was killed: a new run must not write the same files beside them."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from polyglot.cluster.slurm import RUN
from polyglot.core.errors import Foreseen

RUNS = Path(".snakemake/runs")
"""Marker file of each active run: its host and process."""
SAME = 60.0
"""Tolerance in seconds for a process's start time, for example after a clock change."""
PATIENCE = 120.0
"""Seconds for cancelled jobs to end."""


class RunElsewhereError(Foreseen):
    """Queued jobs belong to a run on another machine, which may still be active."""


def register_run(folder: Path, run: str) -> None:
    """Mark this process as an active run until it ends, so that its jobs are not treated as leftovers."""
    process = psutil.Process()
    file = folder / RUNS / f"{run}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    entry = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}
    whole = file.with_suffix(".tmp")
    whole.write_text(json.dumps(entry), encoding="utf-8")
    whole.replace(file)

    def remove() -> None:
        if os.getpid() == process.pid:  # and not a fork of it
            file.unlink(missing_ok=True)

    atexit.register(remove)


def cancel_leftovers(folder: Path) -> dict[str, int]:
    """Cancel the jobs that earlier runs in a folder left in the queue, and wait until they have ended.

    Args:
        folder: where Snakemake runs; the names of its runs are in its logs. Another study's run may be active there.

    Returns:
        Jobs that were cancelled, by run.

    Raises:
        RunElsewhereError: if some belong to a run on another machine that may still be active. TimeoutError: if they do not end,
        or if Slurm does not answer.
    """
    runs = {match for log in (folder / ".snakemake/log").glob("*.log") for match in RUN.findall(_text(log))}
    if not runs or shutil.which("squeue") is None:
        return {}
    runs -= {run for run in runs if _goes_on(folder / RUNS / f"{run}.json")}
    found = _queued(runs)
    for run in set(found.values()):
        _refuse_elsewhere(folder / RUNS / f"{run}.json", list(found.values()).count(run))
    if found:
        subprocess.run(["scancel", *found], check=True)
        end = time.monotonic() + PATIENCE
        while _queued(runs):
            if time.monotonic() > end:
                raise TimeoutError(f"jobs of an earlier run do not end: scancel {' '.join(_queued(runs))}")
            time.sleep(1)
    return dict(Counter(found.values()))


def _goes_on(file: Path) -> bool:
    """Whether a run's process is alive on this machine; its id may have been reused."""
    entry = _entry(file)
    if entry is None or entry["host"] != socket.gethostname():
        return False
    try:
        process = psutil.Process(entry["pid"])
        same = abs(process.create_time() - entry["started"]) < SAME
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _refuse_elsewhere(file: Path, jobs: int) -> None:
    entry = _entry(file)
    if entry is not None and entry["host"] != socket.gethostname():
        host = entry["host"]
        raise RunElsewhereError(
            f"{jobs} jobs in the queue are of a run that was started in this folder on {host}: stop it there, or start this one "
            f"on {host}; if it was killed, remove {file}, and its jobs are cancelled"
        )


def _entry(file: Path) -> Any:
    """A run's marker; None if it has ended."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _queued(runs: set[str]) -> dict[str, str]:
    """Job to run, for this user's unfinished jobs of the given runs."""
    listed = subprocess.run(["squeue", "--me", "--noheader", "--format=%i %j"], capture_output=True, text=True)
    if listed.returncode:
        raise TimeoutError(f"Slurm does not answer squeue: {listed.stderr.strip()}; try again when `sinfo` shows the cluster")
    jobs = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines() if " " in line.strip())
    return {job: run for job, run in jobs.items() if run in runs}


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
