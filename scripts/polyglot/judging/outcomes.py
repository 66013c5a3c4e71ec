"""Outcomes of judged benchmarks: what a judge says of every answer, so that they are scored as all others are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.evaluation.items import items_file, read_items
from polyglot.evaluation.open_forms import Open, answers_of
from polyglot.evaluation.tasks import Task
from polyglot.judging.judges import Exchange, Judge

VERDICTS = (
    *("benchmark", "lang", "example_id", "turn", "value", "problem", "text", "forward", "backward"),
    *("length", "reference_length"),
)
"""Columns of what a judge said, a row for each turn of each item; lengths are in characters."""


def judged(outcomes: pd.DataFrame, tasks: Iterable[Task], judge: Judge) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes of an evaluation with those of its judged benchmarks, and what the judge said.

    An item's outcome is the mean over its turns. If a turn has none, because the judge could not be read or the text is longer
    than its context, nor has the item; see `without_holes`.

    Args:
        outcomes: of a model in a language (see `polyglot.evaluation.run`), which is empty where there is no student.
        tasks: the language's judged benchmarks.

    Returns:
        (outcomes, verdicts with the columns `VERDICTS`).

    Raises:
        WrongInput: if the judge could be read for no item of a benchmark.
    """
    said = [pd.DataFrame(columns=list(VERDICTS))]
    correct = outcomes["correct"].to_numpy(np.float64, copy=True)
    for task in tasks:
        own = (outcomes["benchmark"] == task.benchmark).to_numpy(bool)
        if not own.any():
            continue
        asked = outcomes[own]
        verdicts = _verdicts(task, asked, judge)
        first = (verdicts["turn"] == 1).cumsum()
        found = np.array([turns.mean(skipna=False) for _, turns in verdicts.groupby(first)["value"]], dtype=np.float64)
        if not np.isfinite(found).any():
            why = ", ".join(f"{name}: {count}" for name, count in verdicts["problem"].value_counts().items())
            raise WrongInput(
                f"benchmark '{task.benchmark}': the judge gave no verdict on any of {own.sum()} items ({why}); look at its "
                "answers, then correct its template or choose another judge (`intrinsic.reward`)"
            )
        correct[own] = without_holes(found, asked["weight"].to_numpy(np.float64), list(asked["stratum"].astype(str)))
        said.append(verdicts)
    kept = [frame for frame in said if len(frame)] or said
    return outcomes.assign(correct=correct), pd.concat(kept, ignore_index=True)


def without_holes(values: Array, weights: Array, strata: Sequence[str]) -> Array:
    """Outcomes in which items without one change neither the score nor its standard error.

    Within a stratum, whose items weigh the same, the score is the mean m over the items that have an outcome. Those get
    m + (outcome - m) * items / items with an outcome, the others m: the parts of a mean over fewer items (Taylor linearisation).
    A stratum without any takes the mean of the others. Without holes nothing changes.

    Args:
        values: outcomes, NaN where there is none; at least one is there. weights: of each item. strata: of each item.

    Returns:
        An outcome for each item.
    """
    found = values.copy()
    if np.isfinite(values).all():
        return found
    read = np.isfinite(values)
    over_all = float(np.average(values[read], weights=weights[read]))
    for name in dict.fromkeys(strata):
        own = np.array([stratum == name for stratum in strata])
        known = own & read
        mean = float(values[known].mean()) if known.any() else over_all
        found[own] = mean
        if known.any():
            found[known] = mean + (values[known] - mean) * own.sum() / known.sum()
    return found


def _verdicts(task: Task, outcomes: pd.DataFrame, judge: Judge) -> pd.DataFrame:
    """What the judge says of a benchmark's answers."""
    items = _items(task)
    rows, exchanges = [], []
    for named, *part, answer in outcomes[["example_id", "category", "subset", "answer"]].itertuples(index=False, name=None):
        item = items[named, *part]
        answers = tuple(answers_of(item, answer))
        for turn in range(1, len(item.turns) + 1):
            one = Exchange(item.turns[:turn], answers[:turn], item.references[:turn], item.rubric)
            exchanges.append(one)
            lengths = {"length": len(one.answers[-1]), "reference_length": len(one.references[-1]) if one.references else np.nan}
            rows.append({"benchmark": task.benchmark, "lang": task.lang, "example_id": named, "turn": turn, **lengths})
    told = judge.rate(exchanges) if task.formulation.judged == "rating" else judge.compare(exchanges)
    found = pd.concat([pd.DataFrame(rows), told], axis=1)
    return found.reindex(columns=list(VERDICTS))


def _items(task: Task) -> Mapping[tuple[str, ...], Open]:
    path = items_file(task.benchmark, task.folder)
    found = read_items(task.benchmark, path, task.formulation.takes, lang=task.lang)
    return {(item.id, item.category, item.subset): item for item in found if isinstance(item, Open)}
