"""What spreads students' scores: other draws of a teacher's data, and other trainings on the same data, each estimated apart.

A student's score is its truth, a part by draw of data, a part by training, and noise from the items' answers. With several draws
and several trainings on each, the parts are estimated by moments from a nested analysis of variance, pooled over all students
(Searle, Casella and McCulloch, Variance Components, 1992, section 3.5). tests/unit/scoring/test_seed_spread.py checks them by
simulation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.scoring.outcomes import LanguageDraws
from polyglot.scoring.seed_spread import deviations

DRAWS, TRAININGS, TOGETHER = "draws", "trainings", "together"
"""Sources: other draws of data; other trainings on the same draw; both at once, where each draw is trained on once."""
COLUMNS = ("source", "variance", "others", "df", "students")


def spread_sources(draws: Iterable[LanguageDraws]) -> pd.DataFrame:
    """The variance between students of a cell by source, of the mean over benchmarks; no rows if every cell has one student.

    Returns:
        source (see `DRAWS`), variance (as observed, between draws of their means over trainings), others (the part of it that
        comes from items and, between draws, from trainings), df (degrees of freedom), students (cells that it is pooled over).
    """
    cells = [(one.trained(student), one.by_seed(student), one.noise(student)) for one in draws for student in one.students]
    rows: list[dict[str, str | float]] = []
    trained = [own for own, _, _ in cells if own.scores.shape[1] > 1]
    further = 0.0
    if trained:
        variance, df = _pooled([row for own in trained for row in own.scores])
        items = float(np.mean([own.noise for own in trained]))
        further = max(0.0, variance - items) / trained[0].scores.shape[1]
        rows.append(dict(zip(COLUMNS, (TRAININGS, variance, items, df, len(trained)), strict=True)))
    drawn = [(means, noise) for own, means, noise in cells if own.scores.shape[0] > 1]
    if drawn:
        variance, df = _pooled([means for means, _ in drawn])
        items = float(np.mean([noise for _, noise in drawn]))
        source = DRAWS if trained else TOGETHER
        rows.append(dict(zip(COLUMNS, (source, variance, items + further, df, len(drawn)), strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def deviation(row: pd.Series, confidence: float) -> tuple[float, float, float]:
    """Standard deviation that a source adds to a student's score, with its interval: that of the observed variance
    (chi-squared), less the part of the others, which is taken as known."""
    from scipy.stats import chi2

    ends = chi2.ppf([(1 + confidence) / 2, (1 - confidence) / 2], row["df"])
    values = np.array([1.0, *(row["df"] / ends)]) * row["variance"] - row["others"]
    middle, low, high = np.sqrt(np.maximum(values, 0.0))
    return float(middle), float(low), float(high)


def _pooled(values: Sequence[Array]) -> tuple[float, int]:
    apart, df = deviations(values)
    return float(apart @ apart) / df, df
