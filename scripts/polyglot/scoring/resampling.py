"""Bootstrap resamples of examples and items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyglot.core.arrays import Array

CHUNK = 2_000_000
"""Maximum number of resampling counts in memory."""


def resample_means(values: Array, replicates: int, rng: np.random.Generator) -> Array:
    """Means of bootstrap resamples of rows, ignoring NaN in each column.

    Args:
        values: shape (n, k).

    Returns:
        Shape (replicates, k).
    """
    return resample_blocks([values], replicates, rng)[0]


def resample_blocks(blocks: Sequence[Array], replicates: int, rng: np.random.Generator) -> list[Array]:
    """Like `resampled_means`, for several blocks of columns, using the same resamples.

    Each block's result is bit-identical whatever the other blocks, because a block is one matrix product.

    Args:
        blocks: each of shape (n, k); k may differ.

    Returns:
        Each of shape (replicates, k).
    """
    n = len(blocks[0])
    known = [np.isfinite(values) for values in blocks]
    filled = [np.where(there, values, 0.0) for there, values in zip(known, blocks, strict=True)]
    found = [np.empty((replicates, values.shape[1])) for values in blocks]
    step = max(1, CHUNK // n)
    for start in range(0, replicates, step):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(step, replicates - start)).astype(float)
        for place, (there, values) in enumerate(zip(known, filled, strict=True)):
            seen = counts @ there
            found[place][start : start + step] = np.where(seen > 0, counts @ values / np.where(seen > 0, seen, 1), np.nan)
    return found
