"""The times of a fresh clone's files: those of their last commits, so that results which are copied into it are not made again.

Snakemake tells by a script's time stamp whether it has changed, and git gives all files of a clone the time of cloning.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from polyglot.core.errors import WrongInput

STAMP = "time:"


class NoHistory(WrongInput):
    """A folder whose files have no commits; the message says what to do instead."""


def set_commit_times(root: Path) -> int:
    """Give every file that is as it was committed the time of the last commit that changed it, if it looks younger.

    Args:
        root: the clone.

    Returns:
        How many files look older now.

    Raises:
        NoHistory: if the folder is no clone, or git is missing.
    """
    log = _git(root, "log", f"--format={STAMP}%ct", "--name-only", "--no-renames").splitlines()
    changed, times, seconds = set(_git(root, "diff", "--name-only", "HEAD").splitlines()), dict[str, int](), 0
    for line in log:
        if line.startswith(STAMP):
            seconds = int(line.removeprefix(STAMP))
        elif line:
            times.setdefault(line, seconds)
    moved = 0
    for name in _git(root, "ls-files").splitlines():
        path = root / name
        if name in changed or name not in times or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_mtime > times[name]:
            os.utime(path, (times[name], times[name]))
            moved += 1
    return moved


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoHistory(
            f"{root}: its files have no history in git ({getattr(error, 'stderr', '') or error}); if they are those that the "
            "results were made with, mark the results as up to date: snakemake --touch TARGETS"
        ) from None
    return done.stdout
