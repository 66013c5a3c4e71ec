"""Spending: tokens and money that priced endpoints were paid, over all jobs of a study, and its ceiling.

Its files lie in the study's folder `ledger`, from which `polyglot.provenance.ledger` adds up what the study has cost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from polyglot.engines.base import Answer
from polyglot.registry.models import Price

MILLION = 1_000_000


class CeilingReached(RuntimeError):
    """The next request might cost more than is left."""


class Enter(Protocol):
    """Enters an answer; one whose tokens the endpoint did not count costs what was set aside for it."""

    def __call__(self, answer: Answer, *, counted: bool) -> None: ...


class Spending:
    """One line an answer in {folder}/{model}.jsonl: id, tokens, USD. Jobs that run side by side share the folder.

    A request is sent only if what has been spent, what the requests under way may cost at most and what it may cost at most
    stay within the ceiling together. Jobs look at each other's entries before every request; of each other's requests under way
    they do not know.

    Args:
        ceiling: USD; None sets no limit.
    """

    def __init__(self, folder: Path, model: str, price: Price | None, ceiling: float | None) -> None:
        self.path = Path(folder) / f"{model}.jsonl"
        self.price, self.ceiling = price or Price(prompt=0, completion=0), ceiling
        self.under_way = 0.0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(self.path.parent / ".lock")
        self.read: dict[Path, int] = {}
        self.total = 0.0
        self._look()

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """USD."""
        return (prompt_tokens * self.price.prompt + completion_tokens * self.price.completion) / MILLION

    @contextmanager
    def reserved(self, prompt_tokens: float, completion_tokens: float) -> Iterator[Enter]:
        """Sets aside what a request may cost; the block enters what it did cost.

        Raises:
            CeilingReached: if that may be too much (says what is spent and where the ceiling is set).
        """
        most = self.cost(prompt_tokens, completion_tokens)
        if self.ceiling is not None:
            self._look()
        if self.ceiling is not None and self.total + self.under_way + most > self.ceiling:
            raise CeilingReached(
                f"{self.total:.2f} USD are spent and {self.under_way:.2f} may be under way; the next request could pass the "
                f"ceiling of {self.ceiling:.2f} (synthesis.budget). The answers so far are kept: raise the ceiling and run again."
            )

        def enter(answer: Answer, *, counted: bool) -> None:
            self._enter(answer, self.cost(answer.prompt_tokens, answer.completion_tokens) if counted else most)

        self.under_way += most
        try:
            yield enter
        finally:
            self.under_way -= most

    def _enter(self, answer: Answer, usd: float) -> None:
        row = {"id": answer.id, "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens, "usd": usd}
        with self.lock, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._look()

    def _look(self) -> None:
        """Add what has been entered since, by whatever job."""
        for path in self.path.parent.glob("*.jsonl"):
            with path.open("rb") as file:
                file.seek(self.read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.read[path] = self.read.get(path, 0) + len(line)
                    self.total += json.loads(line)["usd"]
