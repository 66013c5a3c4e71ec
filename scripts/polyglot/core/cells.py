"""Cells: one student's training data in one language."""

from __future__ import annotations

from typing import NamedTuple

MIN_EXAMPLES = 2
"""A cell with fewer training examples is empty: nothing is trained or measured on it."""


class Cell(NamedTuple):
    """What one student learns, in one language; its seeds are repetitions of it."""

    base: str
    recipe: str
    teacher: str
    lang: str
