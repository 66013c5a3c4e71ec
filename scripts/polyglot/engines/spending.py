"""Spending: tokens and money used at priced endpoints over all jobs of a study, and the ceiling.

Its files are in the study's folder `ledger`; `polyglot.provenance.ledger` sums them into the study's cost.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from polyglot.core.errors import Foreseen
from polyglot.core.files import ends_torn, read_json, read_whole_lines, write_json
from polyglot.engines.base import Answer
from polyglot.engines.bodies import Counts
from polyglot.registry.models import Rates

MILLION = 1_000_000
SUBMITTED = "submitted"
"""Folder beside the entries: what is set aside for each batch that is not fetched yet."""


class CeilingReached(Foreseen, RuntimeError):
    """The next request could exceed the ceiling."""


class Enter(Protocol):
    """Records an answer. Tokens that the endpoint did not count cost what was set aside for them."""

    def __call__(self, answer: Answer, counts: Counts) -> None: ...


class Spending:
    """One line per answer in {folder}/{model}.jsonl: id, tokens, USD, and the batch if it was in one. An attempt that may be paid
    for without an answer has a line, too. Concurrent jobs share the folder.

    A request is sent only if the money spent, plus the maximum cost of pending requests and of this one, stays within the
    ceiling. Jobs read each other's entries before every request, but do not see each other's pending requests, except those in
    batches: what is set aside for these is on disk until they are fetched. `write` writes what was entered.

    Args:
        ceiling: USD; None sets no limit.
    """

    def __init__(self, folder: Path, model: str, price: Rates | None, ceiling: float | None) -> None:
        self.path = Path(folder) / f"{model}.jsonl"
        self.price, self.ceiling = price or Rates(prompt=0, completion=0), ceiling
        self.under_way = 0.0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(self.path.parent / ".lock")
        self.read: dict[Path, int] = {}
        self.total = 0.0
        self.batches: dict[Path, float] = {}
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
        self._allow(most, "request")

        def enter(answer: Answer, counts: Counts) -> None:
            self.enter(answer, counts, prompt_tokens, completion_tokens)

        self.under_way += most
        try:
            yield enter
        finally:
            self.under_way -= most

    def enter(self, answer: Answer, counts: Counts, prompt_tokens: float, completion_tokens: float, batch: str = "") -> None:
        """Record an answer.

        Args:
            prompt_tokens: what was set aside, for what the endpoint did not count. completion_tokens: the same.
            batch: the batch that it came in.
        """
        usd = self.cost(
            prompt_tokens if counts.prompt is None else counts.prompt,
            completion_tokens if counts.completion is None else counts.completion,
        )
        row = {"id": answer.id, "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens, "usd": usd}
        self.unwritten.append(json.dumps(row | ({"batch": batch} if batch else {})))
        self.unwritten_usd += usd

    def entered(self, batch: str) -> set[str]:
        """Ids of a batch's answers that have been written."""
        return {row["id"] for row in read_whole_lines(self.path) if row.get("batch") == batch}

    def room(self) -> float:
        """USD that may still be asked for; infinite without a ceiling."""
        if self.ceiling is None:
            return math.inf
        self._look()
        return self.ceiling - self.total - self.unwritten_usd - self._uncertain()

    def set_aside(self, batch: str, usd: float) -> None:
        """Set money aside for a batch, until `release`; a kill of the job changes nothing. Jobs do so one at a time.

        Args:
            batch: its key.

        Raises:
            CeilingReached: if that could exceed the ceiling.
        """
        path = self.aside(batch)
        with self.lock:
            self._look()
            if path not in self.batches:
                self._allow(usd, "batch")
                write_json({"model": self.path.stem, "usd": usd}, path)
            self._look()

    def release(self, batch: str) -> None:
        """What a batch has cost is written."""
        self.aside(batch).unlink(missing_ok=True)

    def aside(self, batch: str) -> Path:
        """Where it stands what is set aside for a batch."""
        return self.path.parent / SUBMITTED / f"{batch}.json"

    def _allow(self, most: float, what: str) -> None:
        if self.ceiling is None:
            return
        self._look()
        spent = self.total + self.unwritten_usd
        if spent + self._uncertain() + most > self.ceiling:
            raise CeilingReached(
                f"{spent:.2f} USD are spent and {self._uncertain():.2f} may be under way; the next {what} could pass the "
                f"ceiling of {self.ceiling:.2f} (synthesis.budget). The answers so far are kept: raise the ceiling and run again."
            )

    def _uncertain(self) -> float:
        """The maximum cost of what is under way."""
        return self.under_way + sum(self.batches.values())

    def write(self) -> None:
        """Write what was entered; a kill of the job loses it before."""
        if not self.unwritten:
            return
        with self.lock, self.path.open("ab", buffering=0) as file:
            torn = ends_torn(self.path)
            left, before = (("\n" if torn else "") + "\n".join(self.unwritten) + "\n").encode(), file.seek(0, os.SEEK_END)
            try:
                while left:  # a disk that is nearly full takes a part, without an error
                    left = left[file.write(left) :]
            except OSError:
                file.truncate(before)  # all of it stays to be written
                raise
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
                    self.total += _usd(line)
        there = set((self.path.parent / SUBMITTED).glob("*.json"))
        self.batches = {path: usd for path, usd in self.batches.items() if path in there}
        for path in there - self.batches.keys():
            with suppress(FileNotFoundError):  # released meanwhile
                self.batches[path] = read_json(path)["usd"]


def _usd(line: bytes) -> float:
    """USD of an entry; none of a line that a kill has torn."""
    try:
        return float(json.loads(line)["usd"])
    except (ValueError, TypeError, KeyError):
        return 0.0


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
