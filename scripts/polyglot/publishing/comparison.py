"""The build's student beside base, reference and the study's students, on the same items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.scoring.outcomes import ANCHORS, BenchmarkDraws, Student, benchmark_draws
from polyglot.scoring.scores import interval

BUILT: Student = ("build", "build")
"""The build's student among the study's (recipe, teacher)."""
COLUMNS = (
    *("lang", "benchmark", "model", "recipe", "teacher", "students", "items"),
    *("score", "ahead", "ahead_low", "ahead_high"),
)
MEAN = "mean"
"""In the column `benchmark`: the mean over benchmarks."""


def compare(
    built: pd.DataFrame,
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    lang: str,
    replicates: int,
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """Scores of every model in a language, and by how much the build's student is ahead of each.

    Differences are over resampled items, the same for both models. They hold for these trainings: the spread between trainings is
    in none of the intervals.

    Args:
        built: outcomes of the build's student (see `polyglot.evaluation.run`).
        students: (recipe, teacher) to the outcomes of the study's students.

    Returns:
        lang, benchmark (or `MEAN`), model (build, base, reference or student), recipe, teacher, students, items, score, and
        ahead, ahead_low, ahead_high: the build's student minus the model. Best first within a benchmark.
    """
    everyone: dict[Student, Sequence[pd.DataFrame]] = {BUILT: [built], **students}
    found = {
        str(name): benchmark_draws(str(name), everyone, base, reference, lang, replicates, seed)
        for name in dict.fromkeys(built["benchmark"])
    }
    rows = []
    for benchmark, draws in [(MEAN, list(found.values())), *((name, [one]) for name, one in found.items())]:
        models: list[Student | str] = [BUILT, *students, *ANCHORS]
        for model in models:
            mine: Array = _mean(draws, BUILT) - _mean(draws, model)
            low, high = interval(mine[1:], confidence)
            row = {
                "lang": lang,
                "benchmark": benchmark,
                **_named(model),
                "students": 1 if isinstance(model, str) else len(everyone[model]),
            }
            row |= {"items": sum(one.items for one in draws), "score": _mean(draws, model)[0], "ahead": mine[0]}
            rows.append(row | {"ahead_low": float(low), "ahead_high": float(high)})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {name: place for place, name in enumerate([MEAN, *found])}
    place = table["benchmark"].map(order)
    return table.assign(place=place).sort_values(["place", "score"], ascending=[True, False]).drop(columns="place")


def _mean(draws: Sequence[BenchmarkDraws], model: Student | str) -> Array:
    found: Array = np.mean([one.scores[model] for one in draws], axis=0)
    return found


def _named(model: Student | str) -> dict[str, str]:
    if isinstance(model, str) or model == BUILT:
        return {"model": model if isinstance(model, str) else "build", "recipe": "", "teacher": ""}
    return {"model": "student", "recipe": model[0], "teacher": model[1]}
