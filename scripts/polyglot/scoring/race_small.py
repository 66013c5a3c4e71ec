"""A first rung of small training sets: how far its students tell of those of full ones, by the students of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.scoring.race_columns import Known
from polyglot.scoring.race_posterior import log_evidence
from polyglot.scoring.racing import Price, Teachers

COLUMNS = ("small_students", "small_score", "correlation", "correlation_low", "correlation_high", "pairs")
"""Columns of a rung of a race that starts with small sets."""
CORRELATIONS = np.append(np.arange(0.0, 0.95, 0.1), 0.98)
"""Correlations that are thought possible before small and full sets are compared, each alike."""
EFFECTS = (0.5, 0.8, 1.1)
"""Effects that are thought possible then (`polyglot.scoring.race_columns.Small`), each alike."""
CONFIDENCE = 0.9


@dataclass(frozen=True)
class SmallSets:
    """The first rung. `outcomes`: (teacher, language) to its student's answers, empty where it could not be trained;
    `correlation`, `effect`: as believed (`race.small_correlation`, `race.small_effect`); `prices`: language to what a training of
    a small set and its evaluation take."""

    outcomes: Mapping[tuple[str, str], pd.DataFrame]
    correlation: float
    effect: float
    prices: Mapping[str, Price] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """The correlation of what teachers are in small and in full sets: mean and interval of the posterior (missing without pairs),
    and how many cells have both students."""

    mean: float
    low: float
    high: float
    pairs: int


def measured(known: Known, weights: Array) -> Measured:
    """The measured correlation, in one study.

    Teachers without a full set were dropped by their small ones. The evidence has these too, so it is as right as if nobody had
    been dropped. Noise of items and trainings is taken out by it.

    Args:
        weights: of languages, as in `polyglot.scoring.race_posterior.draws`.
    """
    if known.small is None:
        raise ValueError("there are no small sets")
    pairs = int((np.isfinite(known.small.scores) & (known.trainings > 0)).sum())
    if not pairs:
        return Measured(np.nan, np.nan, np.nan, 0)
    logs = np.array(
        [
            [
                log_evidence(replace(known, small=replace(known.small, correlation=rho, effect=effect)), weights)
                for effect in EFFECTS
            ]
            for rho in CORRELATIONS
        ]
    )
    share = np.exp(logs - logs.max()).sum(axis=-1)
    share /= share.sum()
    ends = np.searchsorted(np.cumsum(share), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    low, high = CORRELATIONS[ends]
    return Measured(float(share @ CORRELATIONS), float(low), float(high), pairs)


def small_columns(known: Known, weights: Array, there: Teachers) -> dict[str, Array]:
    """`COLUMNS` of a rung by teacher, missing where a teacher has no student; none in a race without small sets.

    Args:
        weights: of languages, as in `measured`. there: which of all teachers `known` is of.
    """
    if known.small is None:
        return {}
    found, scores = measured(known, weights), known.small.scores[:, weights > 0]
    count = np.isfinite(scores).sum(axis=-1)
    mean = np.where(count > 0, np.nansum(scores, axis=-1) / np.maximum(count, 1), np.nan)
    columns = {}
    values = (count, mean, found.mean, found.low, found.high, found.pairs)
    for column, value in zip(COLUMNS, values, strict=True):
        columns[column] = np.full(len(there), np.nan)
        columns[column][there] = value
    return columns
