"""Batches of several processes: the same examples in the same update, however many processes share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import gcd
from typing import Any

from polyglot.training.examples import IGNORED, Example
from polyglot.training.settings import Training


@dataclass(frozen=True)
class Batches:
    """How the examples of a weight update are shared: `per_device` x `accumulation` x `processes` of them."""

    per_device: int
    accumulation: int
    processes: int

    @classmethod
    def of(cls, training: Training, processes: int) -> Batches:
        """The configured examples of an update, shared among processes; none gets more than `batch_size` at a time.

        Raises:
            ValueError: if the processes cannot share them evenly.
        """
        share, rest = divmod(training.batch_size * training.gradient_accumulation, processes)
        if rest:
            raise ValueError(
                f"{processes} GPUs cannot share {share * processes + rest} examples of a weight update evenly: set training."
                "batch_size and training.gradient_accumulation so that their product is a multiple of the base's training_gpus"
            )
        per_device = gcd(training.batch_size, share)
        return cls(per_device, share // per_device, processes)

    def blanks(self, examples: int) -> int:
        """How many blank examples make the last batch of an epoch whole for all processes; a single one needs none."""
        return -examples % (self.per_device * self.processes) if self.processes > 1 else 0


def blank(token: int) -> Example:
    """An example that counts in no loss."""
    return {"input_ids": [token], "labels": [IGNORED]}


class SeededOrder:
    """Sampler of several processes: the order in which a single one would take the examples, then the blank ones.

    Without it, the last batch of an epoch would be filled up with examples that have been seen already; and a resumed epoch
    would take the order of the first one, because accelerate 1.15 does not tell the samplers of several processes the epoch that
    they resume in. So it is asked for.
    """

    def __init__(self, examples: int, blanks: int, *, seed: int, epoch: Callable[[], int]) -> None:
        self.examples, self.blanks, self.seed, self.epoch = examples, blanks, seed, epoch

    def __iter__(self) -> Iterator[int]:
        from accelerate.data_loader import SeedableRandomSampler

        order: Any = SeedableRandomSampler(range(self.examples), data_seed=self.seed)
        order.set_epoch(self.epoch())
        yield from order
        yield from range(self.examples, self.examples + self.blanks)

    def __len__(self) -> int:
        return self.examples + self.blanks
