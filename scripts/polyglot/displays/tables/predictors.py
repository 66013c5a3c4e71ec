"""Table of scores that train no student: how well they order teachers, and what they cost."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, p_value, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.displays.words import OUTCOMES, hole_notes, predictor
from polyglot.intrinsic.gradients import GRADIENT_METRICS

BEATS = {"yes": "yes", "no": "no, worse", "open": "not clear", "few": "few teachers", "unknown": UNKNOWN}
AGAINST, ENOUGH = "perplexity_corpus", 8
"""As in `polyglot.analysis.predictors`, which needs scipy."""
COSTS = {
    "gradients": "gradients: GRACE, gradient norm, RSR, student's loss",
    "perplexity": "perplexity and lengths",
    "reward": "reward",
    "diversity": "diversity",
    "metric": "a metric of the texts alone",
    "student": "training a student",
    "evaluate_student": "evaluating a student",
}


def predictors(
    context: Context,
    predictors: pd.DataFrame,
    values: pd.DataFrame,
    costs: pd.DataFrame,
    holes: pd.DataFrame | None = None,
) -> Table:
    """Correlations with the students' gain; with the share of right pairs below it; values by cell; costs."""
    tables = [_judged(context, name, rows) for name, rows in predictors.groupby("outcome", sort=False)]
    first, *others = tables
    more = [*others, _costs(costs)]
    notes = [*_notes(context, predictors, values), *hole_notes(context, holes)]
    return Table(predictors, first.shown, f"{context.title} {first.title}", notes, more)


def _judged(context: Context, outcome: object, rows: pd.DataFrame) -> Table:
    """How well each score predicts one outcome, the best within languages first."""
    ordered = rows.sort_values("within", ascending=False, kind="stable", na_position="last")
    return Table(
        rows, pd.DataFrame([_row(context, row) for row in row_dicts(ordered)]), f"Correlation with {OUTCOMES[str(outcome)]}"
    )


def _row(context: Context, row: Row) -> dict[str, str]:
    def shown(name: str, *, sign: bool = False) -> str:
        return with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], 2, sign=sign)

    return {
        "score": predictor(row["score"], context.metrics),
        "better?": UNKNOWN if row["score"] == AGAINST else BEATS[row["beats"]],
        "ρ within languages": shown("within"),
        "p": p_value(row["within_p"]),
        "… teachers left out": shown("left_out_within"),
        "ρ over all cells": shown("rho"),
        "p ": p_value(row["p"]),
        "… teachers left out ": shown("left_out"),
        "more than corpus perplexity": UNKNOWN if row["score"] == AGAINST else shown("within_difference", sign=True),
        "… over all cells": UNKNOWN if row["score"] == AGAINST else shown("difference", sign=True),
        "teachers": count(row["teachers"]),
    }


def _notes(context: Context, predictors: pd.DataFrame, values: pd.DataFrame) -> list[str]:
    pairs = values["gradient_pairs"]
    usual = pairs.mode().max()
    apart = int((pairs != usual).sum())
    notes = [
        "ρ: Spearman's rank correlation, with the sign turned where lower is better. Within languages: the mean of each "
        "language's, over its teachers. Lengths and distinct pairs have no better side; they count as they are.",
        f"Brackets: {context.confidence:.0%} intervals, teachers resampled. p: teachers permuted. Languages are taken as given.",
        "Teachers left out: how strong a score's relation to the outcome is, and which way it goes, is learned from the other "
        "teachers; correlated are predicted and actual differences from their mean.",
        "Better?: whether the interval of the difference from corpus perplexity's ρ within languages is above 0.",
        *(metric.note for metric in GRADIENT_METRICS),
        f"GRACE: {count(usual)} pairs of a set in {count(values['dimensions'].iloc[0])} dimensions, base {context.bases[0]}. It "
        "compares only sets with equal numbers of pairs, dimensions and base.",
    ]
    if apart:
        notes.append(
            f"Cells without GRACE, because their number of pairs is another: {apart}. Set `intrinsic.gradients.examples` to "
            f"{count(pairs.min())} or fewer to compare all."
        )
    if predictors["teachers"].max() < ENOUGH:
        notes.append(
            f"With fewer than {ENOUGH} teachers, intervals are too narrow: with 4, they hold in 78 to 97 % of simulations."
        )
    return notes


def _costs(costs: pd.DataFrame) -> Table:
    """What each measurement of a training set costs, beside a student's training."""
    training = costs.loc[costs["rule"] == "student"]

    def part(row: Row, name: str) -> str:
        whole = float(training[name].iloc[0]) if len(training) else 0.0
        return number(row[name] / whole, 2) if whole > 0 else UNKNOWN

    rows = [
        {
            "what": COSTS[row["rule"]],
            "jobs": count(row["jobs"]),
            "CPU seconds": number(row["cpu_seconds"], 1),
            "of a training's": part(row, "cpu_seconds"),
            "GPU hours": number(row["gpu_hours"], 3),
            "of a training's ": part(row, "gpu_hours"),
        }
        for row in row_dicts(costs)
    ]
    notes = ["Mean of a job; what jobs that share a start do before they begin is left out."]
    return Table(costs, pd.DataFrame(rows), "Cost of a training set's measurement beside that of a student", notes)
