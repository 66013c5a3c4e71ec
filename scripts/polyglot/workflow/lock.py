"""The lock that a killed Snakemake run leaves behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

JOB_OF_A_RUN = "--target-jobs"
"""Command-line sign of a Snakemake process that runs a job on a cluster node."""


def unlock(folder: Path) -> None:
    """Remove the lock that a killed Snakemake run has left in a folder.

    Its jobs may still be in a cluster's queue or running here; the next run cancels them.

    Raises:
        SystemExit: if a run is active there (names its process).
    """
    import psutil

    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        words = [Path(word).name for word in command[:3]]
        if JOB_OF_A_RUN in command:
            continue
        if "snakemake" in words and process.info["cwd"] == str(folder) and process.info["pid"] not in own:
            raise SystemExit(f"another run is active in this folder (process {process.info['pid']}); wait for it or stop it")
    if any((folder / ".snakemake/locks").glob("*")):
        subprocess.run(["snakemake", "--unlock", "--quiet", "all"], cwd=folder, check=True)
