"""Questions in a terminal: a wrong answer gets one sentence, and the question again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from polyglot.workflow.init.answers import Wrong

T = TypeVar("T")


class NoAnswer(Exception):
    """The input has ended before all was answered."""


def ask(question: str, understand: Callable[[str], T], *, default: str = "") -> T:
    """The answer to a question, asked until it can be used.

    Args:
        understand: from the text to the answer; raises `Wrong`. default: for an empty text; "" has none.

    Raises:
        NoAnswer: if the input ends.
    """
    while True:
        print(f"{question}{f' [{default}]' if default else ''}", end=": ", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise NoAnswer(question)
        text = line.strip() or default
        if not text:
            print("  an answer is needed", file=sys.stderr)
            continue
        try:
            return understand(text)
        except Wrong as error:
            print(f"  {error}", file=sys.stderr)


def ask_more(question: str, understand: Callable[[str], T], *, least: int = 1) -> list[T]:
    """Answers, one a line, until an empty one.

    Args:
        least: how many are needed.
    """
    found: list[T] = []
    while True:
        ends = len(found) >= least
        again = "  another one; Enter goes on" if ends else question
        one = ask(again, _or_done(understand) if ends else understand, default=DONE if ends else "")
        if one is None:
            return found
        found.append(one)


def ask_maybe(question: str, understand: Callable[[str], T]) -> T | None:
    """The answer to a question that may stay without one."""
    return ask(f"{question}; Enter: none", _or_done(understand), default=DONE)


def _or_done(understand: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: None if text == DONE else understand(text)


DONE = "-"
"""What stands for an empty answer."""
