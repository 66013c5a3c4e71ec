"""Python's search for garbage in a process that imports large libraries."""

from __future__ import annotations

import gc

COLLECT_AFTER = 200_000
"""Allocations between garbage collections, instead of Python's 700: importing torch creates millions of permanent objects, and
scanning them repeatedly takes a tenth to a fifth of the import time."""


def collect_rarely() -> None:
    """For all of this process; to be called before the imports."""
    gc.set_threshold(COLLECT_AFTER)
