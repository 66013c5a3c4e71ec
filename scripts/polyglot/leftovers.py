"""Jobs that a run left in Slurm's queue when it was killed: a new run must not write the same files beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

RUN = re.compile(r"SLURM run ID: (\S+)")
PATIENCE = 120.0
"""Seconds for cancelled jobs to end."""


def cancel_leftovers(folder: Path) -> dict[str, int]:
    """Cancel the jobs that earlier runs in a folder left in the queue, and wait until they have ended.

    Args:
        folder: where Snakemake runs; the names of its runs are in its logs.

    Returns:
        Jobs that were cancelled, by run.

    Raises:
        TimeoutError: if they do not end, or if Slurm does not answer.
    """
    runs = {match for log in (folder / ".snakemake/log").glob("*.log") for match in RUN.findall(_text(log))}
    if not runs or shutil.which("squeue") is None:
        return {}
    found = _queued(runs)
    if found:
        subprocess.run(["scancel", *found], check=True)
        end = time.monotonic() + PATIENCE
        while _queued(runs):
            if time.monotonic() > end:
                raise TimeoutError(f"jobs of an earlier run do not end: scancel {' '.join(_queued(runs))}")
            time.sleep(1)
    return dict(Counter(found.values()))


def _queued(runs: set[str]) -> dict[str, str]:
    """Job to run, of this user's jobs of some runs that have not ended."""
    listed = subprocess.run(["squeue", "--me", "--noheader", "--format=%i %j"], capture_output=True, text=True)
    if listed.returncode:
        raise TimeoutError(f"Slurm does not answer squeue: {listed.stderr.strip()}; try again when `sinfo` shows the cluster")
    jobs = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines() if " " in line.strip())
    return {job: run for job, run in jobs.items() if run in runs}


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
