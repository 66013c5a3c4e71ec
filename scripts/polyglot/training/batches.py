"""Batches of several processes: each weight update uses the same examples, whatever the number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import gcd
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.training.examples import IGNORED, Example
from polyglot.training.settings import Training


@dataclass(frozen=True)
class Batches:
    """How a weight update's examples are divided: `per_device` x `accumulation` x `processes`."""

    per_device: int
    accumulation: int
    processes: int

    @classmethod
    def of(cls, training: Training, processes: int) -> Batches:
        """Divide the examples of a weight update among processes; each gets at most `batch_size` per step.

        Raises:
            ValueError: if they cannot be divided evenly.
        """
        share, rest = divmod(training.batch_size * training.gradient_accumulation, processes)
        if rest:
            raise WrongInput(
                f"{processes} GPUs cannot share {share * processes + rest} examples of a weight update evenly: set training."
                "batch_size and training.gradient_accumulation so that their product is a multiple of the base's training_gpus"
            )
        per_device = gcd(training.batch_size, share)
        return cls(per_device, share // per_device, processes)

    def blanks(self, examples: int) -> int:
        """The number of padding examples that complete an epoch's last batch for all processes; a single process needs none."""
        return -examples % (self.per_device * self.processes) if self.processes > 1 else 0


def blank(token: int) -> Example:
    """A padding example, with no token in the loss."""
    return {"input_ids": [token], "labels": [IGNORED]}


class SeededOrder:
    """Sampler for several processes: the order that a single process would use, then the padding examples.

    Without it, an epoch's last batch would be filled with examples already seen. A resumed epoch would also repeat the first
    epoch's order, because accelerate 1.15 does not pass the resumed epoch to the samplers of several processes; so it is looked
    up here.
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
