"""The spread between seeds: pooled over all cells of a study, and drawn as a part of every replicate.

A bootstrap of two or three seeds knows their spread too badly: percentile intervals over 2, 3 and 5 seeds cover 61, 81 and 87 %
where the spread dominates. Here all cells share one spread, estimated from all of them with as many degrees of freedom as there
are seeds beyond each cell's first. A replicate draws the variance from its distribution given the estimate (scaled inverse
chi-squared), then the deviation of the cell's mean from a normal distribution, so percentile intervals are those of Student's t
(Gelman et al., Bayesian Data Analysis, 2013, section 3.2). What examples or items contribute to the spread between seeds is
subtracted, because replicates have it already. tests/unit/scoring/test_seed_spread.py checks coverage by simulation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed


def variance_factors(df: float, replicates: int, seed: int) -> Array:
    """Draws of (true variance) / (estimated variance), shape (replicates,); they are the same for all cells of a study."""
    rng = np.random.default_rng(stable_seed("spread", seed))
    return np.zeros(replicates) if df == 0 else df / rng.chisquare(df, size=replicates)


def deviations(values: Iterable[Array]) -> tuple[Array, int]:
    """Deviations of every cell's seeds from their mean, concatenated, and their degrees of freedom.

    Args:
        values: each of shape (seeds, ...).
    """
    known = [np.asarray(each, dtype=float) for each in values]
    apart = [each - each.mean(axis=0) for each in known]
    return np.concatenate(apart) if apart else np.zeros(0), sum(len(each) - 1 for each in known)


def spread_of(drawn: Array) -> float:
    """Standard error from replicates; from the quantiles, because with few seeds their tails are too long for a variance."""
    from scipy.stats import norm

    low, high = np.nanquantile(drawn, [norm.cdf(-1), norm.cdf(1)])
    return float(high - low) / 2


@dataclass(frozen=True)
class Spread:
    """The variance of one student's score between seeds, pooled over students; 0 if no student has a second seed.

    `variance`: as observed, items' noise included; `noise`: that part of it, the mean over the same students; `draws`: draws of
    the true variance, noise included, shape (replicates,).
    """

    variance: float
    noise: float
    draws: Array

    @classmethod
    def pooled(cls, students: Iterable[tuple[Array, float]], replicates: int, seed: int) -> Spread:
        """From every student's score by seed, shape (seeds,), and the variance over items of one seed's score.

        Students of benchmarks with many items have less noise than others, but every seed counts the same in the pool. So what is
        subtracted from it is the mean noise, weighted alike, not the noise of the student that it is used for. The degrees of
        freedom are those of a sum of unequal variances (Satterthwaite, 1946): fewer, where a few students have most of the noise.
        """
        known = list(students)
        apart, df = deviations(values for values, _ in known)
        if not df:
            return cls(0.0, 0.0, np.zeros(replicates))
        variance = float(apart @ apart) / df
        weights, noises = np.array([(len(values) - 1) / df for values, _ in known]), np.array([own for _, own in known])
        noise = float(weights @ noises)
        each = max(0.0, variance - noise) + noises
        kept = float(weights @ each) ** 2 / float(weights @ each**2) if each.any() else 1.0
        return cls(variance, noise, variance * variance_factors(kept * df, replicates, seed))

    @property
    def excess(self) -> float:
        """The variance beyond that of items."""
        return max(0.0, self.variance - self.noise)

    def shift(self, seeds: int, rng: np.random.Generator) -> Array:
        """Deviations of the mean over seeds for every replicate, shape (replicates,)."""
        return rng.normal(size=len(self.draws)) * np.sqrt(np.maximum(self.draws - self.noise, 0) / seeds)


@dataclass(frozen=True)
class SetDraws:
    """The intrinsic metrics of one cell's training sets.

    `point`: by seed, (seeds, metrics); `drawn`: replicates over examples of the mean over seeds, (replicates, metrics); `noise`:
    variance of one seed's metric over examples, (metrics,).
    """

    names: tuple[str, ...]
    point: Array
    drawn: Array
    noise: Array


@dataclass(frozen=True)
class SetSpread:
    """The spread of intrinsic metrics between seeds, in units of the error that a cell's examples give.

    `apart`: deviations of all cells' seeds, (cells x seeds, metrics); `factors`: see `variance_factors`.
    """

    apart: Array
    df: int
    factors: Array

    @classmethod
    def pooled(cls, cells: Sequence[SetDraws], seed: int) -> SetSpread:
        units = [np.where(cell.noise > 0, np.sqrt(cell.noise), np.inf) for cell in cells]
        apart, df = deviations(cell.point / unit for cell, unit in zip(cells, units, strict=True))
        return cls(apart, df, variance_factors(df, len(cells[0].drawn), seed))

    def replicates(self, cell: SetDraws, rng: np.random.Generator) -> dict[str, Array]:
        """Metric to its measurement (index 0) and its replicates over examples and seeds, shape (replicates + 1,).

        Seeds' deviations are correlated between metrics as they are in all cells together.
        """
        found = {}
        drawn = rng.normal(size=(len(cell.drawn), len(self.apart)))
        for place, name in enumerate(cell.names):
            own = np.ascontiguousarray(self.apart[:, place])
            ratio = float(own @ own) / self.df if self.df else 0.0
            grown = np.maximum(self.factors - 1 / ratio, 0) if ratio > 0 else np.zeros_like(self.factors)
            unit = np.sqrt(grown * cell.noise[place] / max(self.df, 1) / len(cell.point))
            found[name] = np.concatenate([[cell.point[:, place].mean()], cell.drawn[:, place] + unit * (drawn @ own)])
        return found
