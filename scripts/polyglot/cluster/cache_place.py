"""A place for caches where the home folder cannot be written: containers, and clusters whose nodes mount it read only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE = "XDG_CACHE_HOME"
"""Environment variable with the folder for the caches of all programs; ~/.cache without it."""
INSTEAD = Path(".snakemake/cache")
"""The folder that is used where that one cannot be written, in the folder that one runs in."""


def use_a_writable_cache() -> None:
    """Let Snakemake and all libraries keep their caches in the working folder, if the usual place cannot be written."""
    if _writable(_usual()):
        return
    place = INSTEAD.absolute()
    os.environ[CACHE] = str(place)
    print(f"Note: the home folder cannot be written; caches are in {place} ({CACHE} names another place)", file=sys.stderr)


def _usual() -> Path | None:
    """Where caches usually are; None for a user without a home."""
    named = os.environ.get(CACHE)
    try:
        return Path(named) if named else Path.home() / ".cache"
    except RuntimeError:
        return None


def _writable(folder: Path | None) -> bool:
    if folder is None or not folder.is_absolute():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
