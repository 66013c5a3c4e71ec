"""The lock that a killed Snakemake run leaves behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

JOB_OF_A_RUN = "--target-jobs"
"""Command-line sign of a Snakemake process that runs a job on a cluster node."""

SCRIPT = "/.snakemake/scripts/"
"""Command-line sign of a job: Snakemake's copy of its script."""
ENDING = 10.0
"""Seconds in which jobs that end with their run, or store their last answers, have ended."""


def unlock(folder: Path) -> None:
    """Remove the lock that a killed Snakemake run has left in a folder.

    Its jobs may still be in a cluster's queue; the next run cancels them there. Jobs that go on here it does not know;
    those that are ending are waited for.

    Raises:
        SystemExit: if a run is active there, or a job of one that was killed (names the process).
    """
    import psutil

    left: list[psutil.Process] = []
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        words = [Path(word).name for word in command[:3]]
        if JOB_OF_A_RUN in command:
            continue
        if "snakemake" in words and process.info["cwd"] == str(folder) and process.info["pid"] not in own:
            raise SystemExit(f"another run is active in this folder (process {process.info['pid']}); wait for it or stop it")
        if any(SCRIPT in word for word in command) and process.info["cwd"] == str(folder) and not _in_a_cluster(process):
            left.append(process)
    _, left = psutil.wait_procs(left, timeout=ENDING)
    if left:
        named = ", ".join(str(process.pid) for process in left)
        raise SystemExit(f"jobs of a killed run go on in this folder (processes {named}); wait for them or stop them")
    if any((folder / ".snakemake/locks").glob("*")):
        subprocess.run(["snakemake", "--unlock", "--quiet", "all"], cwd=folder, check=True)


def _in_a_cluster(process: psutil.Process) -> bool:
    """Whether a job was started by a cluster, whose queue the next run looks at."""
    import psutil

    try:
        return any(JOB_OF_A_RUN in parent.cmdline() for parent in process.parents())
    except psutil.Error:
        return False
