"""Whether an answer to a mathematical problem equals the right one: math-verify reads both and compares them as expressions.

    python -m polyglot.evaluation.math_answers

is the process that compares: a line of JSON in, a line out. math-verify bounds its time by signals. They do not reach
a thread other than the main one, where it takes every answer for wrong, and they do not end a long computation in C, such as 9 to
the power of 9^99. So it runs in a process of its own, which is ended when it takes too long.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import IO, Literal

from polyglot.core.errors import WrongInput
from polyglot.core.starter import with_library
from polyglot.evaluation.marked_answers import before_the_next_question

Status = Literal["right", "wrong", "no answer", "not comparable", "no reference"]
"""`no answer`: nothing in it can be read as an expression. `not comparable`: the comparison takes too long or fails.
`no reference`: the right answer itself cannot be read, so nothing is known."""
SECONDS = 10.0
"""Longest comparison of two answers; nearly all take less than 0.1."""
START_SECONDS = 120.0
"""Longest start of the process, which imports sympy."""
MEMORY = 4 * 2**30
"""Most memory of the process in bytes, where the system can bound it."""
LONGEST = 20_000
"""Characters of an answer that are read, from its end."""
PROSE = re.compile(r"(?<![\\\w{])[^\W\d_]{2,}\s")
"""A word and a space: a text is more than an expression."""


@dataclass(frozen=True)
class Checked:
    """An answer compared with the right one."""

    status: Status

    @property
    def correct(self) -> float:
        """1 for a right answer, 0 for any other; NaN if the right one is not known."""
        return float("nan") if self.status == "no reference" else float(self.status == "right")


class MathChecker:
    """Compares answers, one at a time, in a process that starts with the first of them; any thread may ask.

    Args:
        seconds: longest comparison.

    Raises:
        WrongInput: if math-verify is not installed.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        if importlib.util.find_spec("math_verify") is None:
            raise WrongInput("math-verify, which compares mathematical answers, is not installed: run `make setup`")
        self.seconds = seconds
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._said: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> MathChecker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, written: str, reference: str) -> Checked:
        """Whether an answer is right.

        Args:
            written: the answer; its marked expression counts (`\\boxed{}`), else the last one. What follows a further question is
                not read.
            reference: an expression in LaTeX or in plain text; or a worked solution that ends in one, such as those of MATH
                (`\\boxed{}`) and GSM8K (`####`).
        """
        with self._one_at_a_time:
            process = self._running()
            asked = json.dumps({"written": written, "reference": reference})
            try:
                _write(process, asked)
                return Checked(json.loads(self._said.get(timeout=self.seconds)))
            except (queue.Empty, OSError, ValueError):  # too slow, ended, or ended within a line
                self._end()
                return Checked("not comparable")

    def close(self) -> None:
        """End the process."""
        with self._one_at_a_time:
            self._end()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._owner != os.getpid():  # a fork has its own
            command = [sys.executable, "-m", __name__]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            process = subprocess.Popen(command, env=with_library(), stdin=pipe, stdout=pipe, stderr=nowhere, text=True)
            self._process, self._owner, self._said = process, os.getpid(), queue.Queue()
            threading.Thread(target=_listen, args=(process.stdout, self._said), daemon=True).start()
            try:
                self._said.get(timeout=START_SECONDS)
            except queue.Empty:
                self._end()
                raise WrongInput(f"math-verify did not start in {START_SECONDS:.0f} seconds") from None
        return self._process

    def _end(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
            for end in (self._process.stdin, self._process.stdout):
                with suppress(OSError):
                    end.close()  # type: ignore[union-attr]
        self._process = None


@cache
def checker() -> MathChecker:
    """The checker of this job."""
    found = MathChecker()
    atexit.register(found.close)
    return found


def expression(reference: str) -> str:
    """The right answer as math-verify reads it: what GSM8K has after `####`, and an expression alone as LaTeX."""
    text = reference.rpartition("####")[2].strip()
    if not text or "\\boxed" in text or "$" in text or "\\(" in text or "\\[" in text or PROSE.search(text):
        return text
    return f"${text}$"


def status_of(written: str, reference: str) -> Status:
    """How an answer compares with the right one; see `MathChecker.check`. Its time is not bounded."""
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

    kinds = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
    gold = parse(expression(reference), kinds, parsing_timeout=0)
    if not gold:
        return "no reference"
    found = parse(before_the_next_question(written)[-LONGEST:], kinds, parsing_timeout=0)
    if not found:
        return "no answer"
    return "right" if verify(gold, found, timeout_seconds=0) else "wrong"


def _write(process: subprocess.Popen[str], line: str) -> None:
    into: IO[str] = process.stdin  # type: ignore[assignment]
    into.write(line + "\n")
    into.flush()


def _listen(lines: Iterable[str], said: queue.Queue[str]) -> None:
    """Hand on what the process says, until it ends; an empty line says that it has."""
    with suppress(OSError, ValueError):
        for line in lines:
            said.put(line)
    said.put("")


def main() -> None:
    """Compare pairs of answers until there are no more."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # math-verify prints what it cannot read
    status_of("1", "1")  # imports
    print(json.dumps("ready"), file=out, flush=True)
    for line in sys.stdin:
        try:
            status: Status = status_of(**json.loads(line))
        except (Exception, RecursionError):  # whatever sympy raises
            status = "not comparable"
        print(json.dumps(status), file=out, flush=True)


if __name__ == "__main__":
    main()
