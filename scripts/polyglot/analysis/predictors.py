"""Do scores that train no student put teachers in the order in which their students, or their right answers, do?

A score's correlation with an outcome is Spearman's, over all cells, and within languages (the mean over languages, each over its
teachers: a teacher is chosen within one). Teachers are the units: intervals resample teachers, and p-values permute them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed
from polyglot.scoring.scores import interval

AGAINST = "perplexity_corpus"
"""The score that others are compared with: the cheapest one that needs a base."""
EXACT = 720
"""Maximum number of orders of teachers that are all tried for a p-value."""
FEWEST = 3
"""Teachers below which a rank correlation says nothing."""
ENOUGH = 8
"""Teachers from which intervals hold: in simulations, 95 % intervals cover the truth in 90 to 97 % of cases from 8 teachers on,
and in 78 to 97 % with 4."""
RHO = ("rho", "within", "left_out", "left_out_within")
"""Correlations: over all cells and within languages; and the same of teachers left out."""


@dataclass(frozen=True)
class Resampling:
    """Resamples of teachers behind an interval, permutations behind a p-value, their seed, and the intervals' confidence."""

    replicates: int = 2000
    permutations: int = 2000
    seed: int = 0
    confidence: float = 0.95


def predictor_table(
    cells: pd.DataFrame, scores: Mapping[str, int], outcomes: Sequence[str], settings: Resampling
) -> pd.DataFrame:
    """How well each score orders teachers by each outcome.

    For a teacher left out, the strength and sign of the relation are learned from the other teachers, by least squares on ranks;
    what is correlated are the predicted and the actual differences from the other teachers' mean. Their interval takes these
    predictions as given.

    Teachers without a number in some language are left out of a score's row, and of what it is compared with.

    Args:
        cells: teacher, lang, and a column for each score and outcome.
        scores: column to 1, or -1 where lower is better (its sign is flipped).
        outcomes: columns; higher is better.

    Returns:
        One row by outcome and score: outcome, score, teachers, langs, cells, for each of `RHO` itself, _low and _high; p,
        within_p (two-sided, permuted by teacher); difference, difference_low, difference_high (rho minus that of `AGAINST`), and
        the same as within_difference; beats ("" for `AGAINST` itself): whether the interval of the within difference is above 0
        (`yes`), below 0 (`no`) or holds it (`open`); `few` for fewer than `ENOUGH` teachers, `unknown` without a correlation.
    """
    rows = []
    for outcome in outcomes:
        for name, sign in scores.items():
            known = _complete(cells, list(dict.fromkeys([name, AGAINST, outcome])))
            row = {"outcome": outcome, "score": name, "teachers": known.shape[2], "langs": known.shape[1]}
            row |= {"cells": known.shape[1] * known.shape[2], "beats": "" if name == AGAINST else "unknown"}
            if known.shape[2] >= FEWEST and np.ptp(known[0]) > 0:
                other = known[1] if name != AGAINST else known[0]
                row |= _judged(sign * known[0], scores[AGAINST] * other, known[-1], settings, itself=name == AGAINST)
            rows.append(row)
    columns = [*(f"{name}{end}" for name in RHO for end in ("", "_low", "_high")), "p", "within_p"]
    columns += [f"{name}{end}" for name in ("difference", "within_difference") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows).reindex(columns=["outcome", "score", "teachers", "langs", "cells", *columns, "beats"])


def _complete(cells: pd.DataFrame, columns: Sequence[str]) -> Array:
    """The columns of the teachers that have all of them in every language, shape (columns, languages, teachers)."""
    wide = cells.pivot(index="lang", columns="teacher", values=list(columns)).astype(float)
    parts = [wide[name] for name in columns]
    kept = [teacher for teacher in parts[0].columns if all(part[teacher].notna().all() for part in parts)]
    return np.stack([part[kept].to_numpy() for part in parts])


def _judged(x: Array, against: Array, y: Array, settings: Resampling, *, itself: bool) -> dict[str, Any]:
    """One row of `predictor_table` from arrays of shape (languages, teachers), higher being better in all of them."""
    rng = np.random.default_rng(stable_seed("predictors", settings.seed))
    taken = rng.integers(0, x.shape[1], size=(settings.replicates, x.shape[1]))
    row: dict[str, Any] = {}
    for name, measure in (("", spearman_over_cells), ("within", spearman_within)):
        own, other = measure(x[:, None], y[:, None])[0], measure(against[:, None], y[:, None])[0]
        drawn, drawn_other = measure(x[:, taken], y[:, taken]), measure(against[:, taken], y[:, taken])
        row |= _with_interval(name or "rho", own, drawn, settings.confidence)
        row[f"{name}_p" if name else "p"] = _p_value(x, y, measure, settings)
        if not itself:
            shown = f"{name}_difference" if name else "difference"
            row |= _with_interval(shown, own - other, drawn - drawn_other, settings.confidence)
        predicted, actual = left_out(x, y, within=bool(name))
        value = measure(predicted[:, None], actual[:, None])[0]
        again = measure(predicted[:, taken], actual[:, taken])
        row |= _with_interval(f"left_out_{name}" if name else "left_out", value, again, settings.confidence)
    if not itself:
        row["beats"] = _verdict(x.shape[1], row["within_difference_low"], row["within_difference_high"])
    return row


def _verdict(teachers: int, low: float, high: float) -> str:
    if math.isnan(low):
        return "unknown"
    return "few" if teachers < ENOUGH else "yes" if low > 0 else "no" if high < 0 else "open"


def _with_interval(name: str, value: float, drawn: Array, confidence: float) -> dict[str, Any]:
    low, high = interval(drawn[np.isfinite(drawn)], confidence) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    found: Array = rankdata(values, axis=-1)
    return found


def _correlation(first: Array, second: Array) -> Array:
    """Of ranks along the last axis; NaN where one of them is constant."""
    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (_ranks(first), _ranks(second)))
    size = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    found: Array = np.where(size > 0, (a * b).sum(axis=-1) / np.where(size > 0, size, 1), np.nan)
    return found


def spearman_over_cells(x: Array, y: Array) -> Array:
    """Over all cells of each resample, from shape (languages, resamples, teachers); shape (resamples,)."""
    flat_x, flat_y = (np.moveaxis(each, 0, 1).reshape(each.shape[1], -1) for each in (x, y))
    return _correlation(flat_x, flat_y)


def spearman_within(x: Array, y: Array) -> Array:
    """The mean over languages of the correlation over teachers, from shape (languages, resamples, teachers)."""
    each = _correlation(x, y)
    known = np.isfinite(each)
    found: Array = np.where(known.any(axis=0), np.where(known, each, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)
    return found


def left_out(x: Array, y: Array, *, within: bool) -> tuple[Array, Array]:
    """Predicted and actual differences of each teacher from the others' mean, the slope learned from the others alone.

    Args:
        x, y: score and outcome, shape (languages, teachers).
        within: whether means are those of a language; else of all cells.

    Returns:
        Predicted and actual differences, shape (languages, teachers).
    """
    ranks = _ranks(x) if within else _ranks(x.ravel()).reshape(x.shape)
    predicted, actual = np.empty_like(y), np.empty_like(y)
    for place in range(x.shape[1]):
        others = np.arange(x.shape[1]) != place
        axis = 1 if within else None
        mean_x, mean_y = ranks[:, others].mean(axis=axis, keepdims=True), y[:, others].mean(axis=axis, keepdims=True)
        apart = ranks[:, others] - mean_x
        spread = (apart**2).sum()
        slope = (apart * (y[:, others] - mean_y)).sum() / spread if spread > 0 else 0.0
        predicted[:, place] = slope * (ranks[:, place] - mean_x[:, 0])
        actual[:, place] = y[:, place] - mean_y[:, 0]
    return predicted, actual


def _p_value(x: Array, y: Array, measure: Callable[[Array, Array], Array], settings: Resampling) -> float:
    """Share of orders of teachers whose correlation is as far from 0 as the measured one; all orders where they are few."""
    teachers = x.shape[1]
    if math.factorial(teachers) <= EXACT:
        orders = np.array(list(itertools.permutations(range(teachers))))
    else:
        rng = np.random.default_rng(stable_seed("permuted teachers", settings.seed))
        drawn = [rng.permutation(teachers) for _ in range(settings.permutations)]
        orders = np.vstack([np.arange(teachers), *drawn])
    fixed = np.broadcast_to(x[:, None], (x.shape[0], *orders.shape))
    found = measure(fixed, y[:, orders])
    return float(np.mean(np.abs(found) >= abs(found[0]) - 1e-12))
