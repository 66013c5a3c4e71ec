"""Diversity of a training set's texts: mean cosine distance over all pairs of embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

ROWS = 1024
"""Rows converted to float64 per block, so that the whole matrix is never copied."""


def mean_pairwise_distance(embeddings: npt.NDArray[Any]) -> float:
    """Mean cosine distance over all unordered pairs, exact, in O(n d) time and without an n x n matrix.

    With unit vectors u_i, the sum of all pairwise cosines is (|sum u_i|^2 - n) / 2, so the mean distance is
    1 - (|sum u_i|^2 - n) / (n (n - 1)) (arXiv 2604.11290, section 2.2).

    Args:
        embeddings: shape (n, d), any scale; no row may be zero.

    Returns:
        A number in [0, 2]; NaN for fewer than two rows.

    Raises:
        ValueError: if a row is zero or not finite (names the row).
    """
    if len(embeddings) < 2:
        return float("nan")
    n = len(embeddings)
    total, squares = _sum_of_units(embeddings)
    return float(1 - (total @ total - squares) / (n * (n - 1)))


def distances_to_others(embeddings: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Each text's mean cosine distance to all the others, shape (n,); their mean is `mean_pairwise_distance`.

    One number per text allows computing the sampling error later: for a U-statistic of degree two the variance is about 4
    var(distances) / n (Hoeffding, 1948).
    """
    n = len(embeddings)
    if n < 2:
        return np.full(n, np.nan)
    total, _ = _sum_of_units(embeddings)
    found = np.empty(n)
    for start in range(0, n, ROWS):
        units = unit_rows(embeddings, start)
        own = np.einsum("ij,ij->i", units, units)
        found[start : start + ROWS] = 1 - (units @ total - own) / (n - 1)
    return found


def unit_rows(embeddings: npt.NDArray[Any], start: int) -> npt.NDArray[np.float64]:
    """The `ROWS` rows from one on, each of length 1.

    Raises:
        ValueError: if a row is zero or not finite (names the row).
    """
    rows = np.asarray(embeddings[start : start + ROWS], dtype=np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    bad = ~(np.isfinite(norms) & (norms > 0))
    if bad.any():
        raise ValueError(f"embedding of row {start + int(np.argmax(bad))} is zero or not finite; is its text empty?")
    rows /= norms[:, None]
    return rows


def _sum_of_units(embeddings: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], float]:
    """(sum of unit rows, sum of their squared norms: n up to rounding)."""
    total = np.zeros(embeddings.shape[1])
    squares = 0.0
    for start in range(0, len(embeddings), ROWS):
        units = unit_rows(embeddings, start)
        total += units.sum(axis=0)
        squares += float(np.einsum("ij,ij->", units, units))
    return total, squares
