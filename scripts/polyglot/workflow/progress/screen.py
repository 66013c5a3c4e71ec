"""Lines that stay, and below them one that says how things stand: redrawn on a terminal, repeated now and then elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable

from polyglot.core.text import printable

BACK = "\r\x1b[K"
"""To the beginning of the line, and everything on it away."""
PLAIN_SECONDS = 25.0
"""Seconds between two lines where there is no terminal."""


class Screen:
    """Where a run's progress is shown.

    Args:
        file: descriptor of the file to write to.
        terminal: whether a line can be drawn anew there.
        columns: width of the terminal, asked before each line.
    """

    def __init__(self, file: int, *, terminal: bool, columns: Callable[[], int]) -> None:
        self._file, self._terminal, self._columns = file, terminal, columns
        self._drawn = ""
        self._shown: float | None = None

    def say(self, line: str) -> None:
        """A line that stays; what anybody has written into it moves no cursor."""
        status, self._drawn = self._drawn, ""
        self._write((BACK if status else "") + printable(line) + "\n")
        if status:
            self._draw(status)

    def show(self, status: str | None, now: float) -> None:
        """How things stand; None takes the line away."""
        if self._terminal:
            if status != self._drawn:
                self._draw(status or "")
        elif status is not None and self._shown is None:
            self._shown = now
        elif status is not None and self._shown is not None and now - self._shown >= PLAIN_SECONDS:
            self._shown = now
            self._write(status + "\n")

    def _draw(self, status: str) -> None:
        self._drawn = status
        self._write(BACK + status[: max(self._columns() - 1, 20)])

    def _write(self, text: str) -> None:
        left = text.encode("utf-8", errors="replace")
        while left:
            left = left[os.write(self._file, left) :]
