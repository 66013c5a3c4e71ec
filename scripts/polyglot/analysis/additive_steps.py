"""Steps of an additive recipe: scores of every step's student by task group, and the step's gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.cells import Cell
from polyglot.scoring.measurements import NO_DATA
from polyglot.scoring.outcomes import LanguageDraws, benchmark_draws, students_spread
from polyglot.scoring.scores import interval

Array = npt.NDArray[np.float64]
ALL = "all"
"""Label of the mean over task groups."""
STEP_COLUMNS = (
    *("step", "label", *Cell._fields, "group"),
    *("score", "low", "high", "gain_over_previous", "gain_low", "gain_high", "examples", "reason"),
)


@dataclass(frozen=True)
class TaskGroups:
    """Task group to benchmarks (if empty, every benchmark is a group), and group weights: `equal`, or by `examples`."""

    benchmarks: Mapping[str, Sequence[str]]
    weights: str

    def among(self, present: Sequence[str]) -> dict[str, list[str]]:
        """The groups with those of their benchmarks that are present."""
        used = {group: [name for name in names if name in present] for group, names in self.benchmarks.items()}
        return {group: names for group, names in used.items() if names} or {name: [name] for name in present}


@dataclass(frozen=True)
class Resampling:
    """Number of resamples of the items, and their seed; `confidence` is the coverage of intervals, 0 to 1."""

    replicates: int
    seed: int
    confidence: float


def step_table(
    steps: Sequence[tuple[str, Cell]],
    students: Mapping[Cell, Sequence[pd.DataFrame]],
    anchors: Mapping[tuple[str, str], tuple[pd.DataFrame, pd.DataFrame]],
    examples: Mapping[Cell, int],
    *,
    given_up: Mapping[Cell, str],
    tasks: TaskGroups,
    resampling: Resampling,
    trainings: int = 1,
) -> pd.DataFrame:
    """Scores of every step by task group in one language, as in FilBench (arXiv 2508.03523).

    A group's score is the mean of its benchmarks' scores; the overall score is the mean of the groups, weighted equally or by
    number of items. All steps use the same resampled items, so that differences stay paired.

    Args:
        steps: label and cell of every step, in order; all cells in one language.
        students: cell to its students' outcomes, one frame per seed and training; a cell without any is empty.
        anchors: (base, lang) to the outcomes of base and reference.
        examples: cell to the size of its training set.
        given_up: abandoned cells without files, with the reason.
        trainings: on each seed's data.

    Returns:
        step (0 is the base before any training), label, base, recipe, teacher, lang, group (`all` or a task group), score, low,
        high, gain_over_previous, gain_low, gain_high, examples, reason (why there is no score).
    """
    first = steps[0][1]
    base_outcomes = anchors[first.base, first.lang][0]
    groups = tasks.among(sorted(base_outcomes["benchmark"].unique()))
    start = Cell(first.base, "", "", first.lang)
    cells = list(dict.fromkeys(cell for _, cell in steps if cell in students))
    draws = _draws(cells, students, anchors, start, groups, resampling, trainings)
    sizes = base_outcomes.groupby("benchmark").size()
    rows = []
    previous: dict[str, Array] = {}
    for number, (label, cell) in enumerate([("base", start), *steps]):
        scores = _by_group(draws[cell], groups, sizes, tasks.weights) if draws.get(cell) else {}
        known = {
            "step": number,
            "label": label,
            **cell._asdict(),
            "examples": examples.get(cell, 0),
            "reason": "" if scores else given_up.get(cell, NO_DATA),
        }
        rows += [{**known, **_score(group, scores, previous, resampling)} for group in (ALL, *groups)]
        previous = scores or previous
    return pd.DataFrame(rows)[list(STEP_COLUMNS)]


def _draws(
    cells: Sequence[Cell],
    students: Mapping[Cell, Sequence[pd.DataFrame]],
    anchors: Mapping[tuple[str, str], tuple[pd.DataFrame, pd.DataFrame]],
    start: Cell,
    groups: Mapping[str, Sequence[str]],
    resampling: Resampling,
    trainings: int,
) -> dict[Cell, dict[str, Array]]:
    """Score and replicates on every benchmark, of each cell and of the base before any training (`start`)."""
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    found = {}
    for cell in cells:
        outcomes = {(cell.recipe, cell.teacher): students[cell]}
        options = (*anchors[cell.base, cell.lang], cell.lang, resampling.replicates, resampling.seed, trainings)
        found[cell] = LanguageDraws(cell.base, cell.lang, {name: benchmark_draws(name, outcomes, *options) for name in names})
    spread = students_spread(found.values(), resampling.replicates, resampling.seed)
    draws: dict[Cell, dict[str, Array]] = {start: {}}
    for cell, own in found.items():
        draws[cell] = own.replicated((cell.recipe, cell.teacher), spread, resampling.seed)
        if cell.base == start.base:
            draws[start] = {name: own.benchmarks[name].scores["base"] for name in names}
    return draws


def _score(
    group: str, scores: Mapping[str, Array], previous: Mapping[str, Array], resampling: Resampling
) -> dict[str, str | float]:
    """A group's score and its gain over the previous step, with intervals."""
    none = np.full(resampling.replicates + 1, np.nan)
    values = scores.get(group, none)
    gained = values - previous[group] if group in previous else none
    low, high = interval(values[1:], resampling.confidence)
    gain_low, gain_high = interval(gained[1:], resampling.confidence)
    return {
        "group": group,
        "score": values[0],
        "low": float(low),
        "high": float(high),
        "gain_over_previous": gained[0],
        "gain_low": float(gain_low),
        "gain_high": float(gain_high),
    }


def step_holes(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Steps without a score, in the form of an experiment's empty cells: base, recipe, teacher, lang, reason."""
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
