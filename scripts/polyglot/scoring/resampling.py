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


def resample_blocks(
    blocks: Sequence[Array], replicates: int, rng: np.random.Generator, medians: Sequence[Array] = ()
) -> list[Array]:
    """Like `resample_means`, for several blocks of columns, and the medians of further columns, using the same resamples.

    Each block's result is bit-identical whatever the other blocks, because a block is one matrix product.

    Args:
        blocks: each of shape (n, k); k may differ.
        medians: each of shape (n,).

    Returns:
        For blocks each of shape (replicates, k), then for medians each of shape (replicates,).
    """
    n = len(blocks[0])
    known = [np.isfinite(values) for values in blocks]
    filled = [np.where(there, values, 0.0) for there, values in zip(known, blocks, strict=True)]
    found = [np.empty((replicates, values.shape[1])) for values in blocks]
    middles = [np.empty(replicates) for _ in medians]
    step = max(1, CHUNK // n)
    for start in range(0, replicates, step):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(step, replicates - start)).astype(float)
        for place, (there, values) in enumerate(zip(known, filled, strict=True)):
            seen = counts @ there
            found[place][start : start + step] = np.where(seen > 0, counts @ values / np.where(seen > 0, seen, 1), np.nan)
        for middle, column in zip(middles, medians, strict=True):
            middle[start : start + step] = weighted_medians(column, counts)
    return [*found, *middles]


def weighted_medians(values: Array, counts: Array) -> Array:
    """Median of every resample, ignoring NaN.

    Args:
        values: shape (n,).
        counts: how often a resample holds each value, shape (resamples, n).
    """
    order = np.argsort(values)[: np.isfinite(values).sum()]
    if not len(order):
        return np.full(len(counts), np.nan)
    below = np.cumsum(counts[:, order], axis=1)
    half = below[:, -1:] / 2
    ends = (np.minimum((relation(below, half)).sum(axis=1), len(order) - 1) for relation in (np.less, np.less_equal))
    middle: Array = np.mean([values[order][end] for end in ends], axis=0)
    return middle
