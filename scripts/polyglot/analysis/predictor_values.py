"""The scores that train no student, side by side for every cell, with what they are to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from polyglot.analysis.truth import AVERAGE, correctness
from polyglot.intrinsic.gradients import GRADIENT_METRICS, gradient_scores
from polyglot.intrinsic.metrics import PERPLEXITIES, Metric

GAIN, RIGHT = "gain", "right"
"""What scores are to predict: the student's gain over its base, and the share of right pairs where it is known."""
PAIRS = "gradient_pairs"
"""The number of pairs whose gradients were taken, the mean over seeds."""
WHOLE = "intrinsic"
"""The mean z-score of the metrics in the PG-Score."""


def predictor_values(
    cells: pd.DataFrame,
    gradients: Mapping[tuple[str, str], Sequence[pd.DataFrame]],
    metrics: Sequence[Metric],
    oracle: pd.DataFrame | None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Every score of every cell, and which way each is better.

    GRACE depends on the number of pairs: it is missing where that is not the one that most cells have.

    Args:
        cells: of one base and recipe, from `polyglot.scoring.scores.score_cells`.
        gradients: (teacher, lang) to what was measured, one frame a seed (`polyglot.intrinsic.gradients`).
        metrics: the study's intrinsic metrics.
        oracle: from `polyglot.nano.oracle.grade`; None where right answers are not known.

    Returns:
        (values, scores). values: teacher, lang, a column for each score, `PAIRS`, the outcomes. scores: column to 1, or -1 where
        lower is better; a metric of which neither is better counts as higher.
    """
    known = [metric.name for metric in metrics]
    scores = {metric.name: -1 if metric.better == "lower" else 1 for metric in (*metrics, *GRADIENT_METRICS)}
    scores |= dict.fromkeys((name for name in PERPLEXITIES if name in cells.columns), -1) | {WHOLE: 1}
    found = cells[["teacher", "lang", *(name for name in (*known, *PERPLEXITIES[1:], WHOLE) if name in cells.columns), GAIN]]
    of_gradients = pd.DataFrame(
        [{"teacher": teacher, "lang": lang, **_of_seeds(frames)} for (teacher, lang), frames in gradients.items()]
    )
    found = found.merge(of_gradients, on=["teacher", "lang"], how="left", validate="one_to_one")
    usual = found[PAIRS].mode().max()
    found["grace"] = found["grace"].where(found[PAIRS] == usual)
    if oracle is not None:
        right = correctness(oracle).rename(RIGHT).reset_index()
        found = found.merge(right[right["lang"] != AVERAGE], on=["teacher", "lang"], how="left")
    return found, {name: sign for name, sign in scores.items() if name in found.columns}


def _of_seeds(frames: Sequence[pd.DataFrame]) -> dict[str, float]:
    """The mean over seeds of a cell's scores."""
    rows = pd.DataFrame([gradient_scores(frame) | {PAIRS: frame["nll"].notna().sum()} for frame in frames])
    return {str(name): float(value) for name, value in rows.mean().items()}
