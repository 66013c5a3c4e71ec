"""Blocks: the parts that the requests of a draw are asked in, one job each."""

from __future__ import annotations

import math
from dataclasses import dataclass

NEARLY = 1e-9
"""A share of a request that is no request: sizes are computed with floating-point numbers."""


@dataclass(frozen=True)
class Blocks:
    """Sizes of a draw's blocks, in requests of a method; the first is block 0.

    `requests`: of every block. `first`: of the first, where the first `requests` are cut in two: `first`, and the rest of them.
    """

    requests: int
    first: int | None = None

    def size(self, block: int) -> int:
        """Requests in a block."""
        return self.end(block) - self.end(block - 1)

    def end(self, block: int) -> int:
        """Requests in a block and all before it; 0 for block -1."""
        if self.first is None or block < 0:
            return self.requests * (block + 1)
        return self.requests * block or self.first

    def holding(self, requests: float) -> int:
        """How many blocks hold a number of requests: at least one."""
        if self.first is None:
            return max(1, math.ceil(requests / self.requests - NEARLY))
        return 1 if requests <= self.first + NEARLY else 1 + max(1, math.ceil(requests / self.requests - NEARLY))
