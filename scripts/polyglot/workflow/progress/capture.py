"""Standard error of this process and of every job that it starts, read line by line before it is shown."""

from __future__ import annotations

import os
import select
import sys

STANDARD_ERROR = 2
BLOCK = 65536


class Capture:
    """Takes over standard error until it is closed; it is no terminal meanwhile, so jobs draw no bars on it.

    Attributes:
        outside: descriptor of what standard error was, to write to.
    """

    def __init__(self) -> None:
        sys.stderr.flush()
        self.outside = os.dup(STANDARD_ERROR)
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.dup2(write, STANDARD_ERROR)
        os.close(write)
        self._open = True
        self._begun = b""

    def wait(self, seconds: float) -> None:
        """Wait until something has been written, at most some seconds."""
        select.select([self._read], [], [], seconds)

    def lines(self) -> list[str]:
        """Whole lines that have been written since the last time."""
        while self._open:
            try:
                read = os.read(self._read, BLOCK)
            except BlockingIOError:
                break
            if not read:
                break
            self._begun += read
        *whole, self._begun = self._begun.split(b"\n")
        return [line.decode("utf-8", errors="replace").rstrip("\r") for line in whole]

    def close(self) -> list[str]:
        """Give standard error back; what has been written and not been read, with a last line that has no end."""
        if not self._open:
            return []
        sys.stderr.flush()
        os.dup2(self.outside, STANDARD_ERROR)
        rest = self.lines()
        self._open = False
        if self._begun:
            rest.append(self._begun.decode("utf-8", errors="replace"))
            self._begun = b""
        return rest
