"""Draws: which requests a data file holds, and how many, by the file's name; and which training on a draw a student is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from polyglot.core.hashing import stable_seed

Sample = Literal["screen", "calibration", "build"]
SAMPLES: tuple[Sample, ...] = get_args(Sample)
BUILD: Sample = "build"
FURTHER, TRAINING = "further", "training"


@dataclass(frozen=True)
class Draw:
    """Which requests a data file holds: a seed's first block, a further block of equal size, or a small sample for screening or
    router calibration; `build`: all answers that the data set at the end of a study is mixed from. `further`: the requests that
    can be asked besides a block, where too few of its answers are usable. `training`: of a student, which training on this draw's
    data it comes from, counted from 0."""

    seed: int
    block: int = 0
    sample: Sample | None = None
    further: bool = False
    training: int = 0

    @classmethod
    def parse(cls, name: str) -> Draw:
        """From a file's name: 0, 0-block2 (the second block), 0-screen, 0-calibration, 0-build, 0-further, 0-block2-further; of a
        student 0-training2 (the second training on draw 0)."""
        seed, *parts = name.split("-")
        sample = next((known for known in SAMPLES if known in parts), None)
        block = next((int(part.removeprefix("block")) - 1 for part in parts if part.startswith("block")), 0)
        training = next((int(part.removeprefix(TRAINING)) - 1 for part in parts if part.startswith(TRAINING)), 0)
        return cls(int(seed), block, sample, FURTHER in parts, training)

    def __str__(self) -> str:
        parts = [str(self.seed), self.sample or "", f"block{self.block + 1}" if self.block else "", FURTHER * self.further]
        parts.append(f"{TRAINING}{self.training + 1}" if self.training else "")
        return "-".join(part for part in parts if part)

    @property
    def data(self) -> Draw:
        """The draw of the data that a student was trained on."""
        return replace(self, training=0)

    @property
    def training_seed(self) -> int:
        """Seed of a student's training: the draw's for the first, so that draw and training move together; its own for others."""
        return stable_seed("training", self.seed, self.training) % 2**31 if self.training else self.seed


def students_of(seeds: Sequence[int], trainings: int) -> list[str]:
    """Names of the students of a cell: of each draw, its trainings."""
    return [str(Draw(seed, training=training)) for seed in seeds for training in range(trainings)]
