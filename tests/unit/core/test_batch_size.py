"""A batch that does not fit in memory is halved and tried again, once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from polyglot.core.batch_size import BatchSize, out_of_memory


class Card:
    """Holds a number of units of memory, and notes the batches that it was given; an item takes as much as it says."""

    def __init__(self, holds: int) -> None:
        self.holds = holds
        self.tried: list[int] = []

    def work(self, batch: Sequence[int]) -> list[int]:
        self.tried.append(len(batch))
        if len(batch) * max(batch) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return [-item for item in batch]


def test_a_batch_that_does_not_fit_is_halved_and_so_are_those_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    card, items = Card(holds=16), [1] * 8 + [4] * 8
    found = list(BatchSize(8, "reward").over(items, card.work))
    assert card.tried == [8, 8, 4, 4]
    assert [-one for _, part in found for one in part] == items
    assert [item for part, _ in found for item in part] == items
    said = capsys.readouterr().err.splitlines()
    assert said == ["reward: a batch of 8 does not fit in memory, so it is halved: 4"]


def test_a_later_batch_is_halved_again_but_none_twice() -> None:
    card = Card(holds=16)
    list(BatchSize(8, "reward").over([1] * 8 + [4] * 4 + [8] * 2, card.work))
    assert card.tried == [8, 6, 3, 3, 1, 1, 1]
    card = Card(holds=16)
    with pytest.raises(torch.OutOfMemoryError):
        list(BatchSize(8, "reward").over([8] * 8, card.work))
    assert card.tried == [8, 4]


def test_a_single_example_is_not_tried_again() -> None:
    card = Card(holds=16)
    with pytest.raises(torch.OutOfMemoryError):
        list(BatchSize(4, "reward").over([17], card.work))
    assert card.tried == [1]


def test_a_size_that_was_halved_stays_so_for_batches_given_one_by_one() -> None:
    card, size = Card(holds=16), BatchSize(None, "answers")
    for _ in range(2):
        list(size.over([4] * 8, card.work))
    assert card.tried == [8, 4, 4, 4, 4]


def test_another_error_is_passed_on_at_once() -> None:
    tried = []

    def work(batch: Sequence[int]) -> None:
        tried.append(batch)
        raise RuntimeError("CUDA error: device-side assert triggered")

    with pytest.raises(RuntimeError, match="device-side"):
        list(BatchSize(2, "reward").over([1, 2], work))
    assert len(tried) == 1
    assert not out_of_memory(ValueError("out of range"))


LIMITED = """
import resource, sys, torch
from polyglot.core.batch_size import BatchSize
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20, resource.RLIM_INFINITY))
def work(batch):
    kept = [torch.zeros(25 * 2**20) for _ in batch]  # 100 MiB each
    return [len(one) for one in kept]
found = [part for part, _ in BatchSize(4, "rows").over([1, 2, 3, 4], work)]
print(found)
"""


def test_the_memory_of_the_failed_attempt_is_free_for_the_next(repository: Path) -> None:
    """Real memory, of a process that may have no more."""
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, cwd=repository / "scripts")
    assert done.stdout.strip() == "[[1, 2], [3, 4]]", done.stderr
    assert "rows: a batch of 4 does not fit in memory" in done.stderr
