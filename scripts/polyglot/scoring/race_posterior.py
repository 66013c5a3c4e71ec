"""What is known of teachers during a race: a posterior over teachers, languages, items, draws and trainings.

The mean score of a teacher's students in a language is

    score = language + teacher + (teacher x language) + kept + anew / trainings,

with independent normal parts. `kept` is what every training on one draw of data shares: the draw, and the items that all students
of a teacher answer alike. `anew` is other with every training. What all students of a language share (its items' difficulty) is a
part of `language`, so teachers are compared item by item. The standard deviations of teachers and of teachers in a language are
unknown: they are integrated over a grid, each value alike. Given them, the posterior is exact (normal, with a flat prior on
languages).

What earlier studies say of the teachers enters as a further language that counts nothing: `Earlier`. So do students of smaller
training sets, one column a language: `Small`, and `polyglot.scoring.race_columns`.

Arrays may have any number of leading dimensions of studies, here `...`; the simulation uses one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from polyglot.core.arrays import Array
from polyglot.scoring.race_columns import Columns, Known, Noise, columns

TEACHER_SPREADS = (0.0005, 0.002, 0.004, 0.006, 0.009, 0.013, 0.02, 0.04, 0.08)
"""Standard deviations of teachers that are thought possible, in mean benchmark score; published teachers: 0.006."""
LANGUAGE_SPREADS = (0.002, 0.005, 0.009, 0.018, 0.04)
"""The same for teachers in a language, beyond their means; published teachers: 0.007."""


@dataclass(frozen=True)
class _Given:
    """The posterior given both spreads: moments of the teachers' values, and the log evidence."""

    mean: Array
    """(..., teachers)."""
    variance: Array
    """Given the languages, (..., teachers)."""
    slope: Array
    """Of the values on the columns' means, (..., teachers, columns)."""
    root: Array
    """Cholesky factor of the covariance of these means, (..., columns, columns)."""
    evidence: Array
    """(...)."""


def draws(known: Known, weights: Array, number: int, rng: np.random.Generator) -> Array:
    """Draws of the teachers' values from the posterior, up to a constant that all teachers share.

    Args:
        known: every language has a student of at least one teacher, of a full or a small set.
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


def log_evidence(known: Known, weights: Array) -> Array:
    """How likely what was seen is, as a logarithm up to a constant, on average over the grid: (...)."""
    evidence = np.stack([one.evidence for one in _places(known, weights)], axis=-1)
    most = evidence.max(axis=-1)
    found: Array = most + np.log(np.exp(evidence - most[..., None]).mean(axis=-1))
    return found


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
        seen = columns(known)
        return [_given(seen, weights, *spreads) for spreads in grid]
    found = []
    for between, log in enumerate(known.earlier.logs):
        seen = columns(known, between)
        found += [_given(seen, weights, *spreads, float(log)) for spreads in grid]
    return found


def _given(seen: Columns, weights: Array, teacher: float, language: float, log: float = 0.0) -> _Given:
    """The posterior given the spreads of teachers and of teachers in a language.

    Args:
        log: log weight of this place before the race.
    """
    there = np.isfinite(seen.scores)
    pairs, apart_from = there[..., None] & there[..., None, :], np.eye(there.shape[-1])
    covariance = np.where(pairs, seen.covariance(teacher, language), apart_from)
    inverse = np.where(pairs, np.linalg.inv(covariance), 0.0)
    unseen = np.asarray(~there.any(axis=-2))
    information = inverse.sum(axis=-3) + unseen[..., None] * apart_from
    of_means = np.linalg.inv(information)
    scores = np.where(there, seen.scores, 0.0)
    means = np.einsum("...ij,...tjk,...tk->...i", of_means, inverse, scores)
    apart = np.where(there, scores - means[..., None, :], 0.0)
    target = seen.with_value(weights, teacher, language)
    solved = inverse @ target
    variance = teacher**2 + language**2 * float(weights @ weights) - (solved * target).sum(axis=-1)
    logs = -np.linalg.slogdet(covariance)[1].sum(axis=-1) - np.linalg.slogdet(information)[1]
    misfit = np.einsum("...ti,...tij,...tj->...", apart, inverse, apart)
    evidence = 0.5 * (logs - misfit) + log
    root = np.asarray(np.linalg.cholesky((of_means + np.swapaxes(of_means, -1, -2)) / 2), dtype=np.float64)
    return _Given((solved * apart).sum(axis=-1), np.maximum(variance, 0.0), -solved, root, evidence)


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
