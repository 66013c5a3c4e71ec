"""What makes a comparison of students say little: cautions on the test itself, each with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import number
from polyglot.displays.tables.layout import Row, row_dicts

FEW_ITEMS = 50
"""Items of a benchmark below which its size is a caution."""
AS_THE_BASE = 0.05
"""Share of items answered otherwise than by the base, up to which a student has hardly changed."""
ONE_OPTION = 0.9
"""Share of items with the same letter, from which a model hardly reads the options."""

STEPS = {
    "as_base": "Train more where students answer as their base: raise `training.epochs` or `training.learning_rate`.",
    "one_option": "Where a model nearly always gives the same option, try `formulation: cloze` in `evaluation.benchmarks`.",
    "few_items": f"Add benchmark items: below {FEW_ITEMS}, only very large gains can be told from nothing.",
    "chance": "Choose an easier benchmark, or a stronger base and reference, where they are not above chance.",
}
"""What to do about each doubt, most urgent first."""


@dataclass(frozen=True)
class Doubt:
    """A doubt about the test of a language: its name, one of `STEPS`, and the caution."""

    name: str
    caution: str


def doubts_about(context: Context, evaluation: pd.DataFrame | None, lang: str, base: str, recipe: str) -> list[Doubt]:
    """Doubts about the test in one language, with one base and recipe, most urgent first.

    Args:
        evaluation: from `polyglot.scoring.measurements.collect`; columns that it lacks raise no doubt.
    """
    if evaluation is None or evaluation.empty:
        return []
    own = evaluation[(evaluation["lang"] == lang) & (evaluation["base"] == base)]
    own = own[own["recipe"].fillna("").isin(["", recipe])]
    own = own.reindex(columns=[*dict.fromkeys([*own.columns, "differs", "option", "option_share", "chance"])])
    rows = row_dicts(own)
    anchors = [row for row in rows if row["model"] in ("base", "reference")]
    students = [row for row in rows if row["model"] not in ("base", "reference")]
    return [*_as_base(students), *_one_option(context, rows), *_few_items(anchors), *_chance(anchors)]


def _as_base(students: Sequence[Row]) -> list[Doubt]:
    """Whether no student changed in its answers, over all benchmarks."""
    shares: dict[str, list[tuple[float, float]]] = {}
    for row in students:
        shares.setdefault(row["model"], []).append((row["differs"], row["n"]))
    means = [float(np.average(found, weights=items)) for found, items in (np.transpose(pairs) for pairs in shares.values())]
    if not means or not max(means) <= AS_THE_BASE:  # NaN is not known
        return []
    how = "exactly" if max(means) == 0 else "nearly always"
    return [
        Doubt(
            "as_base",
            f"the students answer {how} as the base: trained too little? Raise `training.epochs` or `training.learning_rate`",
        )
    ]


def _one_option(context: Context, rows: Sequence[Row]) -> list[Doubt]:
    fixed = [row for row in rows if row["option_share"] >= ONE_OPTION]
    if not fixed:
        return []
    named = [
        f"{_named(context, row['model'])} ({row['option']} for {row['option_share']:.0%} of {row['benchmark']})" for row in fixed
    ]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return [Doubt("one_option", f"nearly always the same option: {', '.join(named[:3])}{more}; try `formulation: cloze`")]


def _named(context: Context, model: str) -> str:
    return f"the {model}" if model in ("base", "reference") else f"the student of {context.model(model)}"


def _few_items(anchors: Sequence[Row]) -> list[Doubt]:
    sizes = {row["benchmark"]: int(row["n"]) for row in anchors if row["n"] < FEW_ITEMS}
    named = ", ".join(f"{name} has only {size} items" for name, size in sizes.items())
    return [Doubt("few_items", named)] if sizes else []


def _chance(anchors: Sequence[Row]) -> list[Doubt]:
    """Benchmarks on which neither base nor reference is above chance by more than its standard error."""
    found = []
    for name in dict.fromkeys(row["benchmark"] for row in anchors):
        own = [row for row in anchors if row["benchmark"] == name]
        if all(row["chance"] > 0 and row["score"] - row["se"] <= row["chance"] for row in own):
            scores = ", ".join(f"{row['model']} {number(row['score'])}" for row in own)
            found.append(f"{name}: {scores}, and guessing scores {number(own[0]['chance'])}")
    return [Doubt("chance", f"base and reference are not above chance ({'; '.join(found)})")] if found else []
