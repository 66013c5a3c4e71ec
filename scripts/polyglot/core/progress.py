"""Progress of long steps: a bar on a terminal, occasional plain lines in a log."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_SECONDS = 10.0
"""Minimum seconds between two lines in a log."""
TERMINAL = "POLYGLOT_TERMINAL"
"""Environment variable with the terminal's file descriptor, set when standard error goes to a log."""
FOLLOWED = "POLYGLOT_FOLLOWED"
"""Environment variable that is set where plugins/snakemake_logger_plugin_progress shows a run to its user."""
TOLD_AT_END = "POLYGLOT_TOLD_AT_END"
"""Environment variable that is set where a run tells its failures at its end, so that its jobs do not tell them too."""
EXPECTED = "expected_jobs"
"""Attribute of the log record that then names a run's jobs (`polyglot.planning.expectation.ExpectedJob`)."""


def _terminal() -> TextIO | None:
    """The terminal to draw a bar on, if there is one."""
    if TERMINAL in os.environ:
        return os.fdopen(os.dup(int(os.environ[TERMINAL])), "w")
    return sys.stderr if sys.stderr.isatty() else None


class Progress:
    """Counts finished units, and tokens where there are any."""

    def __init__(self, total: int | None, initial: int, title: str, unit: str) -> None:
        self.total, self.done, self.title, self.unit = total, initial, title, unit
        self.tokens = 0
        self._started = self._shown = time.monotonic()
        self._initial = initial
        self._bar = None
        terminal = _terminal()
        if terminal is not None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=initial, desc=title, unit=unit, file=terminal, leave=False, dynamic_ncols=True)
        self._logs = terminal is not sys.stderr
        if initial:
            self._line("resumed")

    def advance(self, count: int, tokens: int = 0) -> None:
        self.done += count
        self.tokens += tokens
        if self._bar is not None:
            self._bar.update(count)
            if self.tokens:
                self._bar.set_postfix_str(f"{self.tokens / self._seconds():,.0f} tokens/s")
        if time.monotonic() - self._shown >= LINE_SECONDS:
            self._line("running")

    def note(self, text: str) -> None:
        """Say what is waited for."""
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        if self._logs:
            print(f"{self.title}: {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._line("done" if self.total is None or self.done >= self.total else "stopped")

    def _seconds(self) -> float:
        return max(time.monotonic() - self._started, 1e-9)

    def _line(self, state: str) -> None:
        if not self._logs:
            return
        self._shown = time.monotonic()
        rate = (self.done - self._initial) / self._seconds()
        tokens = f", {self.tokens / self._seconds():,.0f} tokens/s" if self.tokens else ""
        whole = "" if self.total is None else f"/{self.total}"
        counts = f"{self.done}{whole} {self.unit}s, {rate:.1f}/s{tokens}"
        print(f"{self.title}: {state}, {counts}", file=sys.stderr, flush=True)


@contextmanager
def progress(total: int | None, title: str, unit: str = "item", initial: int = 0) -> Iterator[Progress]:
    """Show the progress of a long step while the block runs; `total` is None if unknown."""
    shown = Progress(total, initial, title, unit)
    try:
        yield shown
    finally:
        shown.close()
