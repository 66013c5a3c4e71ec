"""Spending: tokens and money used at priced endpoints over all jobs of a study, and the ceiling.

Its files are in the study's folder `ledger`; `polyglot.provenance.ledger` sums them into the study's cost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from polyglot.engines.base import Answer
from polyglot.engines.bodies import Counts
from polyglot.registry.models import Price

MILLION = 1_000_000


class CeilingReached(RuntimeError):
    """The next request could exceed the ceiling."""


class Enter(Protocol):
    """Records an answer. Tokens that the endpoint did not count cost what was set aside for them."""

    def __call__(self, answer: Answer, counts: Counts) -> None: ...


class Spending:
    """One line per answer in {folder}/{model}.jsonl: id, tokens, USD. Concurrent jobs share the folder.

    A request is sent only if the money spent, plus the maximum cost of pending requests and of this one, stays within the
    ceiling. Jobs read each other's entries before every request, but do not see each other's pending requests. `write` writes
    what was entered.

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
        self.unwritten: list[str] = []
        self.unwritten_usd = 0.0
        self._look()

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """USD."""
        return (prompt_tokens * self.price.prompt + completion_tokens * self.price.completion) / MILLION

    @contextmanager
    def reserved(self, prompt_tokens: float, completion_tokens: float) -> Iterator[Enter]:
        """Reserve a request's maximum cost; the block records its actual cost.

        Raises:
            CeilingReached: if that could exceed the ceiling (reports the spending and where the ceiling is set).
        """
        most = self.cost(prompt_tokens, completion_tokens)
        if self.ceiling is not None:
            self._look()
        spent = self.total + self.unwritten_usd
        if self.ceiling is not None and spent + self.under_way + most > self.ceiling:
            raise CeilingReached(
                f"{spent:.2f} USD are spent and {self.under_way:.2f} may be under way; the next request could pass the "
                f"ceiling of {self.ceiling:.2f} (synthesis.budget). The answers so far are kept: raise the ceiling and run again."
            )

        def enter(answer: Answer, counts: Counts) -> None:
            prompt = prompt_tokens if counts.prompt is None else counts.prompt
            completion = completion_tokens if counts.completion is None else counts.completion
            self._enter(answer, self.cost(prompt, completion))

        self.under_way += most
        try:
            yield enter
        finally:
            self.under_way -= most

    def _enter(self, answer: Answer, usd: float) -> None:
        row = {"id": answer.id, "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens, "usd": usd}
        self.unwritten.append(json.dumps(row))
        self.unwritten_usd += usd

    def write(self) -> None:
        """Write what was entered; a kill of the job loses it before."""
        if not self.unwritten:
            return
        with self.lock, self.path.open("a", encoding="utf-8") as file:
            file.write("\n".join(self.unwritten) + "\n")
        self.unwritten, self.unwritten_usd = [], 0.0
        self._look()

    def _look(self) -> None:
        """Add the entries made since the last call, by any job."""
        for path in self.path.parent.glob("*.jsonl"):
            with path.open("rb") as file:
                file.seek(self.read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.read[path] = self.read.get(path, 0) + len(line)
                    self.total += json.loads(line)["usd"]


class Unpaid(Spending):
    """Of a server that costs no money of its own: nothing is entered, and there is no ceiling."""

    def __init__(self) -> None:
        self.path = Path(os.devnull)

    def write(self) -> None:
        pass

    @contextmanager
    def reserved(self, prompt_tokens: float, completion_tokens: float) -> Iterator[Enter]:
        def enter(answer: Answer, counts: Counts) -> None:
            pass

        yield enter
