"""A run under watch: Snakemake's events, what anybody writes to standard error, and the clock, shown together."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable

from polyglot.core.progress import FOLLOWED
from polyglot.core.text import printable
from polyglot.workflow.progress.capture import Capture
from polyglot.workflow.progress.follower import Follower
from polyglot.workflow.progress.screen import Screen

TICK = 1.0
"""Seconds between two looks at the clock."""


class Watch:
    """Shows a run on standard error until it is closed. Nothing that goes wrong here reaches the run: it costs the status line,
    and errors are shown as they come."""

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._closing = threading.Event()
        self._broken = False
        os.environ[FOLLOWED] = "1"
        self._capture = Capture()
        outside = self._capture.outside
        terminal = os.isatty(outside) and os.environ.get("TERM") != "dumb"
        self._screen = Screen(outside, terminal=terminal, columns=lambda: shutil.get_terminal_size().columns)
        self._follower = Follower(self._screen.say)
        threading.Thread(target=self._watch, daemon=True).start()

    def event(self, record: logging.LogRecord) -> None:
        """Take an event of Snakemake's log."""
        with self._turn:
            self._carefully(self._look)  # what a job has written comes before the news of its end
            if self._broken and record.levelno >= logging.WARNING:
                self._plainly(record.getMessage())
            self._carefully(lambda: self._follower.event(record))
            self._carefully(self._show)

    def close(self) -> None:
        """Show the last line, and give standard error back."""
        with self._turn:
            if self._closing.is_set():
                return
            self._closing.set()
            self._carefully(lambda: self._screen.show(None, time.time()))
            for line in self._capture.close():
                self._error_line(line)
            self._carefully(lambda: self._follower.end(time.time()))
            os.environ.pop(FOLLOWED, None)

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._capture.wait(TICK)
            with self._turn:
                if not self._closing.is_set():
                    self._carefully(self._look)
                    self._carefully(self._show)

    def _look(self) -> None:
        for line in self._capture.lines():
            self._error_line(line)

    def _error_line(self, line: str) -> None:
        if self._broken:
            self._plainly(line)
        self._carefully(lambda: self._follower.error_line(line))

    def _show(self) -> None:
        now = time.time()
        self._screen.show(self._follower.status(now), now)

    def _carefully(self, do: Callable[[], None]) -> None:
        """Do something, unless it has failed before; if it fails now, say so once."""
        if self._broken:
            return
        try:
            do()
        except Exception as error:
            self._broken = True
            self._plainly(
                f"\nprogress can be shown no longer ({type(error).__name__}: {error}); the run goes on, see .snakemake/log"
            )

    def _plainly(self, line: str) -> None:
        with contextlib.suppress(OSError):  # nobody is there to read it
            os.write(self._capture.outside, f"{printable(line)}\n".encode(errors="replace"))
