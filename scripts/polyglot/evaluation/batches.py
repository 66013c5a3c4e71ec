"""Batches of a bounded number of tokens, longest rows first, so that the first batch shows whether the others fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from polyglot.core.batch_size import BatchSize

Row = TypeVar("Row")
Found = TypeVar("Found")


class TokenBatches:
    """Rows are padded to the longest of their batch; padding counts.

    A batch that does not fit in memory is halved and tried again, once, and so is the bound for those after it; see
    `polyglot.core.batch_size`. A row that is longer than the bound is a batch of its own.

    Args:
        tokens: most tokens of a batch.
        title: what the batches are of, for the log.
    """

    def __init__(self, tokens: int, title: str) -> None:
        self.bound = BatchSize(tokens, f"{title}, in tokens")

    def over(
        self, rows: Sequence[Row], cost: Callable[[Sequence[Row]], int], work: Callable[[Sequence[Row]], Found]
    ) -> Iterator[tuple[Sequence[Row], Found]]:
        """Each batch of the rows, in order, and what `work` makes of it.

        Args:
            rows: longest first.
            cost: tokens of a batch of these rows.
        """
        first = 0
        while first < len(rows):
            count = self._fitting(rows, first, cost)
            taken = rows[first : first + count]
            if count == 1:
                found = work(taken)
            else:
                each = cost(taken) // count
                taken, found = self.bound.run(lambda size, rows=taken, each=each: _done(rows[: size // each], work), each * count)  # type: ignore[misc]
            yield taken, found
            first += len(taken)

    def _fitting(self, rows: Sequence[Row], first: int, cost: Callable[[Sequence[Row]], int]) -> int:
        """How many of the rows from the first one on make a batch; at least one."""
        bound = self.bound.size or cost(rows)
        count = min(max(bound // cost(rows[first : first + 1]), 1), len(rows) - first)
        while count > 1 and cost(rows[first : first + count]) > bound:
            count -= max(1, count // 10)
        return count


def _done(rows: Sequence[Row], work: Callable[[Sequence[Row]], Found]) -> tuple[Sequence[Row], Found]:
    return rows, work(rows)
