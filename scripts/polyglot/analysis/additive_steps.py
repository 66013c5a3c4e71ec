"""Steps of an additive recipe: scores of every step's student by task group, and what the step adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.cells import Cell
from polyglot.scoring.measurements import NO_DATA, benchmark_draws
from polyglot.scoring.scores import interval

Array = npt.NDArray[np.float64]
ALL = "all"
"""Stands for the mean over task groups."""


def step_table(
    steps: Sequence[tuple[str, Cell]],
    students: Mapping[Cell, Sequence[pd.DataFrame]],
    anchors: Mapping[tuple[str, str], tuple[pd.DataFrame, pd.DataFrame]],
    examples: Mapping[Cell, int],
    *,
    given_up: Mapping[Cell, str],
    groups: Mapping[str, Sequence[str]],
    weights: str,
    replicates: int,
    seed: int,
    confidence: float,
) -> pd.DataFrame:
    """Scores of every step by task group in one language, after the manner of FilBench (arXiv 2508.03523).

    A group's score is the mean of its benchmarks' scores; the whole is the mean of the groups, each weighted the same or by its
    number of items. Items are resampled the same for every step, so that differences keep their pairing.

    Args:
        steps: label and cell of every step, in order; all cells in one language.
        students: cell to its students' outcomes, one frame a seed; a cell without one is a hole.
        anchors: (base, lang) to the outcomes of base and reference.
        examples: cell to the size of its training set.
        given_up: cells without files, with the reason.
        groups: task group to benchmarks; empty takes every benchmark as a group.
        weights: `equal` or `examples`.

    Returns:
        step (0 is the base before any training), label, base, recipe, teacher, lang, group (`all` or a task group), score, low,
        high, gain_over_previous, gain_low, gain_high, examples, reason (why there is no score).
    """
    first = steps[0][1]
    base_outcomes = anchors[first.base, first.lang][0]
    present = sorted(base_outcomes["benchmark"].unique())
    used = {group: [name for name in names if name in present] for group, names in groups.items()}
    named = {group: names for group, names in used.items() if names} or {name: [name] for name in present}
    start = Cell(first.base, "", "", first.lang)
    draws: dict[Cell, dict[str, Array]] = {start: {}}
    for cell in dict.fromkeys(cell for _, cell in steps if cell in students):
        base, reference = anchors[cell.base, cell.lang]
        own: dict[str, Array] = {}
        for benchmark in dict.fromkeys(name for names in named.values() for name in names):
            student = (cell.recipe, cell.teacher)
            found = benchmark_draws(benchmark, {student: students[cell]}, base, reference, cell.lang, replicates, seed).scores
            own[benchmark] = found[student]
            if cell.base == first.base:
                draws[start][benchmark] = found["base"]
        draws[cell] = own
    sizes = base_outcomes.groupby("benchmark").size()
    rows = []
    previous: dict[str, Array] = {}
    for number, (label, cell) in enumerate([("base", start), *steps]):
        scores = _by_group(draws[cell], named, sizes, weights) if draws.get(cell) else {}
        for group in (ALL, *named):
            values = scores.get(group, np.full(replicates + 1, np.nan))
            gained = values - previous[group] if group in previous else np.full(replicates + 1, np.nan)
            low, high = interval(values[1:], confidence)
            gain_low, gain_high = interval(gained[1:], confidence)
            rows.append(
                {
                    "step": number,
                    "label": label,
                    **cell._asdict(),
                    "group": group,
                    "score": values[0],
                    "low": float(low),
                    "high": float(high),
                    "gain_over_previous": gained[0],
                    "gain_low": float(gain_low),
                    "gain_high": float(gain_high),
                    "examples": examples.get(cell, 0),
                    "reason": "" if scores else given_up.get(cell, NO_DATA),
                }
            )
        previous = scores or previous
    return pd.DataFrame(rows)


def step_holes(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Steps without a score, as the holes of an experiment: base, recipe, teacher, lang, reason."""
    missing = outcomes[(outcomes["group"] == ALL) & outcomes["score"].isna()]
    return missing[[*Cell._fields, "reason"]].drop_duplicates()


def _by_group(
    scores: Mapping[str, Array], groups: Mapping[str, Sequence[str]], sizes: pd.Series, weights: str
) -> dict[str, Array]:
    """Mean score of every group, and of all groups."""
    found = {group: np.mean([scores[name] for name in names], axis=0) for group, names in groups.items()}
    count = [float(sizes[list(names)].sum()) if weights == "examples" else 1.0 for names in groups.values()]
    whole: Array = np.average(np.stack(list(found.values())), axis=0, weights=count)
    return {ALL: whole, **found}
