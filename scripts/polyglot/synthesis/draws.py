"""Draws: which requests a data file holds, and how many, by the file's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Sample = Literal["screen", "calibration"]
SAMPLES: tuple[Sample, ...] = get_args(Sample)
FURTHER = "further"


@dataclass(frozen=True)
class Draw:
    """Which requests a data file holds: a seed's first block, a further block of equal size, or a small sample for screening or
    router calibration. `further`: the requests that can be asked besides a block, where too few of its answers are usable."""

    seed: int
    block: int = 0
    sample: Sample | None = None
    further: bool = False

    @classmethod
    def parse(cls, name: str) -> Draw:
        """From a file's name: 0, 0-block2 (the second block), 0-screen, 0-calibration, 0-further, 0-block2-further."""
        seed, *parts = name.split("-")
        sample = next((known for known in SAMPLES if known in parts), None)
        block = next((int(part.removeprefix("block")) - 1 for part in parts if part.startswith("block")), 0)
        return cls(int(seed), block, sample, FURTHER in parts)

    def __str__(self) -> str:
        parts = [str(self.seed), self.sample or "", f"block{self.block + 1}" if self.block else "", FURTHER * self.further]
        return "-".join(part for part in parts if part)
