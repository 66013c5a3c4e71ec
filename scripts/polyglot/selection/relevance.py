"""Maximal marginal relevance: samples of high quality that are unlike those chosen before.

Source: Carbonell & Goldstein, SIGIR 1998. Version 2 of M-DaQ (arXiv 2509.15549v2) calls its selection inspired by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float32]

STEPS = 100_000
"""Steps of a score between 0 and 1. Scores are compared in whole steps, so that rounding does not decide between equal ones."""
LEAST, MOST = 256, 8192
"""Candidates whose scores are brought up to date together: at least, and at most."""
FEW, MANY = 8, 64
"""Samples chosen from such a block below which the next block is larger, and above which it is smaller."""
CHUNK = 2048
"""Chosen samples that a block is compared with at a time."""
CHOSEN = np.iinfo(np.int64).min
"""The bound of a sample that is already chosen."""


def marginal_relevance(order: Rows, quality: npt.NDArray[np.float64], embeddings: Floats, size: int, weight: float) -> Rows:
    """Rows in the order in which they are chosen: the best first, then always the one with the highest

        weight * quality - (1 - weight) * (largest cosine similarity to a chosen one)

    with quality scaled to 0 to 1. This is the result of a full greedy search, up to differences in score below 1 / `STEPS`.
    Scores only fall as samples are chosen, so an old score is an upper bound, and only candidates with high bounds are compared
    with the samples chosen since (lazy greedy search; Minoux, 1978). Memory is that of the embeddings: no matrix of all pairs.

    Args:
        order: rows that may be chosen, best first; the first of equal scores is chosen.
        quality: shape (n,), finite for these rows.
        embeddings: shape (n, d).
        size: number of rows wanted, at most `len(order)`.
        weight: of quality, from 0 to 1.
    """
    if size < 1:
        return order[:0]
    search = LazySearch(unit_scale(quality[order]) * weight, unit_length(embeddings[order]), 1 - weight)
    search.take(0)
    while len(search.chosen) < size:
        search.advance(size)
    return order[search.chosen]


def unit_scale(quality: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Quality from 0 (the lowest) to 1 (the highest); 0 where all are equal."""
    low, high = quality.min(), quality.max()
    scaled: npt.NDArray[np.float64] = (quality - low) / (high - low if high > low else 1)
    return scaled


def unit_length(embeddings: Floats) -> Floats:
    """Embeddings of length 1; those of length 0 stay."""
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.where(norms > 0, norms, 1), dtype=np.float32)


@dataclass
class LazySearch:
    """The state of a search among n candidates, which are numbered from the best.

    Attributes:
        relevance: weighted quality, shape (n,).
        units: embeddings of length 1, shape (n, d).
        penalty: weight of similarity.
        nearest: largest similarity to the first `seen` chosen samples, shape (n,).
        seen: how many chosen samples a candidate was compared with, shape (n,).
        bounds: upper bounds of scores (see `scores`), shape (n,).
        chosen: chosen candidates, in order.
        block: how many candidates are brought up to date together.
    """

    relevance: npt.NDArray[np.float64]
    units: Floats
    penalty: float
    nearest: Floats = field(init=False)
    seen: npt.NDArray[np.int32] = field(init=False)
    bounds: npt.NDArray[np.int64] = field(init=False)
    chosen: list[int] = field(default_factory=list)
    block: int = LEAST

    def __post_init__(self) -> None:
        n = len(self.relevance)
        self.nearest, self.seen = np.full(n, -1, dtype=np.float32), np.zeros(n, dtype=np.int32)
        self.bounds = self.scores(np.arange(n))

    def scores(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Scores in whole steps, with ties broken by place: no two are equal."""
        steps = np.rint((self.relevance[rows] - self.penalty * self.nearest[rows]) * STEPS).astype(np.int64)
        unequal: npt.NDArray[np.int64] = steps * len(self.relevance) - rows
        return unequal

    def take(self, row: int) -> None:
        """Choose a candidate."""
        self.chosen.append(int(row))
        self.bounds[row] = CHOSEN

    def advance(self, size: int) -> None:
        """Bring the candidates with the highest bounds up to date, and choose from them while none outside can be better."""
        left = len(self.bounds) - len(self.chosen)
        count = min(self.block, left)
        split = len(self.bounds) - count
        places = np.argpartition(self.bounds, [max(split - 1, 0), split])
        rows, outside = places[split:], self.bounds[places[split - 1]] if count < left else CHOSEN
        self.compare(rows)
        rows = rows[self.bounds[rows] > outside]
        before, units = len(self.chosen), self.units[rows]
        while len(rows) and len(self.chosen) < size:
            best = int(self.bounds[rows].argmax())
            if self.bounds[rows[best]] <= outside:
                break
            self.take(rows[best])
            self.nearest[rows] = np.maximum(self.nearest[rows], units @ units[best])
            self.seen[rows] = len(self.chosen)
            still = rows[self.bounds[rows] != CHOSEN]
            self.bounds[still] = self.scores(still)
        found = len(self.chosen) - before
        self.block = min(2 * self.block, MOST) if found < FEW else max(self.block // 2, LEAST) if found > MANY else self.block

    def compare(self, rows: Rows) -> None:
        """Bring candidates up to date with all samples chosen since they were last compared."""
        rows = rows[np.argsort(self.seen[rows], kind="stable")]
        for part in np.array_split(rows, max(1, len(rows) // LEAST)):
            for start in range(int(self.seen[part[0]]), len(self.chosen), CHUNK):
                near = self.units[part] @ self.units[self.chosen[start : start + CHUNK]].T
                self.nearest[part] = np.maximum(self.nearest[part], near.max(axis=1))
        self.seen[rows] = len(self.chosen)
        self.bounds[rows] = self.scores(rows)
