"""Files that are dated later than now, since a clock was wrong or a copy came from a machine whose clock is.

Snakemake throws away what a job has made if an input is dated later, however long the job took.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable
from pathlib import Path

STAMP = ".snakemake_timestamp"
"""The file by whose date Snakemake knows that of a folder."""


def date_now(inputs: Iterable[str], made_in: Iterable[Path]) -> tuple[int, list[str]]:
    """Date inputs of a run that are from the future, and that the workflow has made, as of now.

    Args:
        inputs: files and folders.
        made_in: folders of what the workflow makes.

    Returns:
        How many were dated anew, and a sentence on each other one, which the user has to look at.
    """
    now, folders = time.time(), [Path(folder).absolute() for folder in made_in]
    dated, others = 0, []
    for name in dict.fromkeys(inputs):
        path = _stamped(Path(name))
        if not path.exists() or path.stat().st_mtime <= now:
            continue
        if any(folder in path.absolute().parents for folder in folders):
            os.utime(path, (now, now))
            dated += 1
        else:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
            others.append(
                f"{name} is dated {when}, later than now, so what jobs make of it would be thrown away: correct the clock, or "
                f"touch {shlex.quote(name)}"
            )
    return dated, others


def _stamped(path: Path) -> Path:
    """What bears the date of a file or folder."""
    return path / STAMP if (path / STAMP).exists() else path
