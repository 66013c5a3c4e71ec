"""Batches that fit in memory: one that does not is halved and tried again, once."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")

NO_MEMORY = ("DefaultCPUAllocator: can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDA error: out of memory")
"""Words of torch's errors that say no memory is left, where they are not of the class torch.OutOfMemoryError."""


class BatchSize:
    """How many examples a batch has. A batch that does not fit in memory is halved and tried again, once, and so is the size of
    the batches after it. What an example gets does not change, up to the rounding that depends on its batch.

    Args:
        size: examples of a batch; None: as many as it is given.
        title: what the batches are of, in the line of the log.
    """

    def __init__(self, size: int | None, title: str) -> None:
        self.size, self.title = size, title

    def over(self, items: Sequence[Item], work: Callable[[Sequence[Item]], Found]) -> Iterator[tuple[Sequence[Item], Found]]:
        """Each batch of the items, in order, and what `work` makes of it."""
        first = 0
        while first < len(items):
            rest = items[first:]
            taken, found = self.run(lambda size, rest=rest: (size, work(rest[:size])), len(rest))  # type: ignore[misc]
            yield rest[:taken], found
            first += taken

    def run(self, work: Callable[[int], Found], most: int) -> Found:
        """What `work` makes of a batch, given the examples that it may have.

        Args:
            most: how many examples there are.

        Raises:
            RuntimeError: if half of the batch does not fit in memory either, or a single example does not; torch's own error.
        """
        size = min(self.size or most, most)
        try:
            return work(size)
        except (RuntimeError, MemoryError) as error:
            if size < 2 or not out_of_memory(error):
                raise
        # here, no longer in the handler, nothing holds what the failed attempt has computed
        self.size = size // 2
        print(
            f"{self.title}: a batch of {size} does not fit in memory, so it is halved: {self.size}", file=sys.stderr, flush=True
        )
        free_memory()
        return work(self.size)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that no memory is left, on a GPU or in the computer."""
    torch = sys.modules.get("torch")
    named = isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError))
    return named or any(words in str(error) for words in NO_MEMORY)


def free_memory() -> None:
    """Give back what nothing refers to any more, and what torch keeps for later on the GPUs that it uses."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
