"""What is known of teachers during a race: a posterior over teachers, languages, items, draws and trainings.

The mean score of a teacher's students in a language is

    score = language + teacher + (teacher x language) + kept + anew / trainings,

with independent normal parts. `kept` is what every training on one draw of data shares: the draw, and the items that all students
of a teacher answer alike. `anew` is other with every training. What all students of a language share (its items' difficulty) is a
part of `language`, so teachers are compared item by item. The standard deviations of teachers and of teachers in a language are
unknown: they are integrated over a grid, each value alike. Given them, the posterior is exact (normal, with a flat prior on
languages).

What earlier studies say of the teachers enters as a further language that counts nothing: `Earlier`.

Arrays may have any number of leading dimensions of studies, here `...`; the simulation uses one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from polyglot.core.arrays import Array

TEACHER_SPREADS = (0.0005, 0.002, 0.004, 0.006, 0.009, 0.013, 0.02, 0.04, 0.08)
"""Standard deviations of teachers that are thought possible, in mean benchmark score; published teachers: 0.006."""
LANGUAGE_SPREADS = (0.002, 0.005, 0.009, 0.018, 0.04)
"""The same for teachers in a language, beyond their means; published teachers: 0.007."""


@dataclass(frozen=True)
class Noise:
    """Variances of one student's score beside what all students of a language share, by language: shape (..., languages)."""

    kept: Array
    anew: Array

    def of(self, trainings: Array) -> Array:
        """The variance of a mean over trainings, (..., teachers, languages)."""
        variance: Array = self.kept[..., None, :] + self.anew[..., None, :] / np.maximum(trainings, 1)
        return variance


@dataclass(frozen=True)
class Earlier:
    """What earlier studies say of the teachers' values, up to a constant, given how far a teacher differs between studies.

    `spreads`: possible standard deviations between studies; `logs`: log weight of each before the race; both of shape (spreads,).
    `means` and `variances` of a teacher's value in this study: shape (..., spreads, teachers), missing where no study has it.
    """

    spreads: Array
    logs: Array
    means: Array
    variances: Array


@dataclass(frozen=True)
class Known:
    """The scores so far: mean over trainings, and their number (0: no student), both of shape (..., teachers, languages); and
    what earlier studies say."""

    scores: Array
    trainings: Array
    noise: Noise
    earlier: Earlier | None = None


@dataclass(frozen=True)
class _Given:
    """The posterior given both spreads: moments of the teachers' values, and the log evidence."""

    mean: Array
    """(..., teachers)."""
    variance: Array
    """Given the languages, (..., teachers)."""
    slope: Array
    """Of the values on the languages, (..., teachers, languages)."""
    root: Array
    """Cholesky factor of the languages' covariance, (..., languages, languages)."""
    evidence: Array
    """(...)."""


def draws(known: Known, weights: Array, number: int, rng: np.random.Generator) -> Array:
    """Draws of the teachers' values from the posterior, up to a constant that all teachers share.

    Args:
        known: every language has a student of at least one teacher.
        weights: what a language counts in a value, shape (languages,), sum 1: equal for a mean over languages.
        number: draws.

    Returns:
        Shape (..., number, teachers).
    """
    places = _places(known, weights)
    ends = np.cumsum(_shares(places), axis=-1)
    teachers = known.scores.shape[-2]
    chosen = (rng.random((*ends.shape[:-1], number, 1)) > ends[..., None, :-1]).sum(axis=-1)
    found = np.empty((*chosen.shape, teachers))
    for place, one in enumerate(places):
        at = np.nonzero(chosen == place)
        study, count, columns = at[:-1], len(at[-1]), one.root.shape[-1]
        shifts = np.einsum("nij,nj->ni", one.root[study].reshape(-1, columns, columns), rng.normal(size=(count, columns)))
        own = np.sqrt(one.variance[study]) * rng.normal(size=(count, teachers))
        slope = np.broadcast_to(one.slope[study], (count, teachers, columns))
        found[at] = one.mean[study] + own + np.einsum("nti,ni->nt", slope, np.broadcast_to(shifts, (count, columns)))
    return found


def study_shares(known: Known, weights: Array) -> Array:
    """How likely each of `Earlier.spreads` is, by the earlier studies and by the race, (..., spreads)."""
    if known.earlier is None:
        raise ValueError("there are no earlier studies")
    shares = _shares(_places(known, weights))
    summed: Array = shares.reshape(*shares.shape[:-1], len(known.earlier.spreads), -1).sum(axis=-1)
    return summed


def _shares(places: Sequence[_Given]) -> Array:
    """How likely each place of the grid is, (..., places)."""
    evidence = np.stack([one.evidence for one in places], axis=-1)
    share = np.exp(evidence - evidence.max(axis=-1, keepdims=True))
    normed: Array = share / share.sum(axis=-1, keepdims=True)
    return normed


def _places(known: Known, weights: Array) -> list[_Given]:
    """The posterior at every place of the grid: spreads between studies (where there are earlier ones), of teachers, and of
    teachers in a language."""
    grid = list(product(TEACHER_SPREADS, LANGUAGE_SPREADS))
    if known.earlier is None:
        return [_given(known, weights, *spreads) for spreads in grid]
    return [
        _given(known, weights, *spreads, (known.earlier, between))
        for between in range(len(known.earlier.spreads))
        for spreads in grid
    ]


def _given(known: Known, weights: Array, teacher: float, language: float, earlier: tuple[Earlier, int] | None = None) -> _Given:
    """The posterior given the spreads of teachers and of teachers in a language (Woodbury's identity by teacher).

    Args:
        earlier: what earlier studies say, and the place of the spread between studies.
    """
    there, scores = known.trainings > 0, known.scores
    precision = 1 / (language**2 + known.noise.of(known.trainings))
    if earlier is not None:
        before, between = earlier
        means, variances = (np.broadcast_to(of[..., between, :], there.shape[:-1]) for of in (before.means, before.variances))
        there = np.concatenate([there, np.isfinite(means)[..., None]], axis=-1)
        scores = _beside(scores, means)
        precision, weights = _beside(precision, 1 / variances), np.append(weights, 0.0)
    precision = np.where(there, precision, 0.0)
    scores = np.where(there, scores, 0.0)
    total = precision.sum(axis=-1)
    shrink = teacher**2 / (1 + teacher**2 * total)

    def inverse(values: Array) -> Array:
        """The inverse covariance of a teacher's scores, times values of shape (..., teachers, languages)."""
        weighted = precision * values
        solved: Array = weighted - shrink[..., None] * precision * weighted.sum(axis=-1, keepdims=True)
        return solved

    information = precision.sum(axis=-2)[..., None] * np.eye(scores.shape[-1])
    information = information - np.einsum("...t,...ti,...tj->...ij", shrink, precision, precision)
    covariance = np.linalg.inv(information)
    means = np.einsum("...ij,...j->...i", covariance, inverse(scores).sum(axis=-2))
    apart = np.where(there, scores - means[..., None, :], 0.0)
    target = teacher**2 + language**2 * weights
    solved = inverse(np.broadcast_to(target, scores.shape))
    variance = teacher**2 + language**2 * float(weights @ weights) - (solved * target).sum(axis=-1)
    logs = np.log(np.where(there, precision, 1.0)).sum(axis=(-2, -1)) - np.log1p(teacher**2 * total).sum(axis=-1)
    misfit = (apart * inverse(apart)).sum(axis=(-2, -1))
    evidence = 0.5 * (logs - np.linalg.slogdet(information)[1] - misfit)
    if earlier is not None:
        evidence = evidence + before.logs[between]
    root = np.asarray(np.linalg.cholesky((covariance + np.swapaxes(covariance, -1, -2)) / 2), dtype=np.float64)
    return _Given((solved * apart).sum(axis=-1), np.maximum(variance, 0.0), -solved, root, evidence)


def _beside(languages: Array, one: Array) -> Array:
    """Values by teacher and language, (..., teachers, languages), and those of one more column, (..., teachers)."""
    both: Array = np.concatenate([languages, one[..., None]], axis=-1)
    return both


def equal_weights(languages: int) -> Array:
    """Weights of a mean over languages."""
    return np.full(languages, 1 / languages)


def learned_noise(believed: Noise, single: Sequence[Array] | Array, df_of_belief: float) -> Noise:
    """The noise with the variance between trainings learned from cells with several.

    Args:
        single: scores of single trainings, shape (..., teachers, languages, trainings); missing where there is none.
        df_of_belief: how many degrees of freedom the believed variance counts as.
    """
    values = np.asarray(single, dtype=float)
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    means = np.where(there, values, 0.0).sum(axis=-1) / np.maximum(count, 1)
    squares = np.where(there, (values - means[..., None]) ** 2, 0.0).sum(axis=-1)
    df = np.maximum(count - 1, 0).sum(axis=(-2, -1))
    expected = (np.maximum(count - 1, 0) * believed.anew[..., None, :]).sum(axis=(-2, -1))
    ratio = np.divide(squares.sum(axis=(-2, -1)), expected, out=np.ones_like(expected), where=expected > 0)
    factor = (df_of_belief + df * ratio) / (df_of_belief + df)
    return Noise(believed.kept, believed.anew * factor[..., None])
