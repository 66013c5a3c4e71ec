"""Draws: which requests a data file holds, and how many, by the file's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Sample = Literal["screen", "calibration"]
SAMPLES: tuple[Sample, ...] = get_args(Sample)


@dataclass(frozen=True)
class Draw:
    """Which requests a data file holds: a seed's first block, a further block of equal size, or a small sample for screening or
    router calibration."""

    seed: int
    block: int = 0
    sample: Sample | None = None

    @classmethod
    def parse(cls, name: str) -> Draw:
        """From a file's name: 0, 0-block2 (the second block), 0-screen, 0-calibration."""
        seed, _, rest = name.partition("-")
        sample = next((known for known in SAMPLES if known == rest), None)
        return cls(int(seed), int(rest.removeprefix("block")) - 1 if rest.startswith("block") else 0, sample)

    def __str__(self) -> str:
        return (
            f"{self.seed}-{self.sample}"
            if self.sample
            else f"{self.seed}-block{self.block + 1}"
            if self.block
            else f"{self.seed}"
        )
