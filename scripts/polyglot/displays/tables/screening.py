"""The screening's table: candidates, validity of the prediction, and cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import number, with_interval
from polyglot.displays.table import Table
from polyglot.intrinsic.metrics import LENGTHS, Metric

FIRST = ("reward", "perplexity")
VALIDATIONS = {
    "in_sample": "in sample",
    "leave_one_lang_out": "a language left out",
    "leave_one_teacher_out": "a teacher left out",
}


def screen(context: Context, candidates: pd.DataFrame, validation: pd.DataFrame, cost: pd.DataFrame) -> Table:
    """Candidate teachers by predicted gain, language by language.

    Args:
        candidates: from `polyglot.analysis.screening.predict_gain`.
        validation: from `polyglot.analysis.screening.cross_validate`.
        cost: from `polyglot.analysis.screening.screening_cost`.
    """
    shown = sorted((metric for metric in context.metrics if metric.name not in LENGTHS), key=_place)
    rows = [
        {
            "language": context.language(row["lang"]),
            "rank": number(row["rank"], 0),
            "teacher": context.model(row["teacher"]),
            "predicted gain": with_interval(row["prediction"], row["low"], row["high"], sign=True),
            "gain in the full study": number(row["actual"], sign=True),
            "usable answers": f"{int(row['usable'])} of {int(row['requests'])}",
            **{metric.title: number(row[metric.name], metric.digits) for metric in shown},
            "remark": row["reason"] if isinstance(row["reason"], str) else "",
        }
        for row in candidates.to_dict("records")
    ]
    return Table(
        data=candidates,
        shown=pd.DataFrame(rows),
        title=context.title,
        notes=[
            _advice(context, candidates, validation),
            f"Brackets: {context.confidence:.0%} prediction interval of the students' gain over the base, from a regression on "
            f"the cells of a finished study ({_learned_from(candidates)} cells) and its errors for teachers left out; a "
            "candidate that is in that study is predicted from the other teachers alone.",
            *_apart(shown),
        ],
        more=[_trust(validation), _cost(cost)],
    )


def _place(metric: Metric) -> int:
    """Reward and perplexity first, then in their order."""
    return FIRST.index(metric.name) if metric.name in FIRST else len(FIRST)


def _apart(metrics: Sequence[Metric]) -> list[str]:
    """Metrics that are shown but not used for prediction."""
    names = ", ".join(metric.title for metric in metrics if metric.equal_size)
    says = "depends on the size of the set, and samples are smaller than a study's sets: shown, and not used for the prediction"
    return [f"{names}: {says}."] if names else []


def _learned_from(candidates: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in candidates["learned_from"].dropna()})
    return "no" if not counts else str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _advice(context: Context, candidates: pd.DataFrame, validation: pd.DataFrame) -> str:
    """Advice by language, and its reliability."""
    parts = []
    for lang, rows in candidates.groupby("lang", sort=False):
        known = rows.dropna(subset=["prediction"]).sort_values("prediction", ascending=False)
        if known.empty:
            parts.append(f"{context.language(str(lang))}: no prediction is possible")
            continue
        best = known.iloc[0]
        close = known.loc[known["high"] > best["prediction"], "teacher"]
        rivals = [context.model(name) for name in close if name != best["teacher"]]
        kept = f"; not distinguished from {', '.join(rivals)}" if rivals else ""
        parts.append(f"{context.language(str(lang))}: {context.model(best['teacher'])}{kept}")
    held_out = validation.loc[validation["validation"] == "leave_one_teacher_out", "r2"]
    r2 = float(held_out.iloc[0]) if len(held_out) else float("nan")
    if pd.isna(r2):
        trust = "Validity for an unseen teacher is unknown: too few teachers for the regression."
    elif r2 <= 0:
        trust = (
            f"Do not choose by this ranking alone: for an unseen teacher, the regression is no better than the mean "
            f"(R² {number(r2, 2)})."
        )
    else:
        trust = f"For an unseen teacher, the regression explains R² {number(r2, 2)} of the gain."
    return f"{trust} Train students for the first ones of each language: {'; '.join(parts)}."


def _trust(validation: pd.DataFrame) -> Table:
    shown = [
        {
            "validation": VALIDATIONS.get(row["validation"], row["validation"]),
            "R²": number(row["r2"], 2),
            "RMSE of the gain": number(row["rmse"]),
            "permutation p": number(row["p_permutation"]),
            "cells": int(row["n"]),
            "remark": row["note"] if isinstance(row["note"], str) else "",
        }
        for row in validation.to_dict("records")
    ]
    return Table(validation, pd.DataFrame(shown), "Validation of the prediction on the finished study")


def _cost(cost: pd.DataFrame) -> Table:
    shown = [
        {
            "what": row["what"],
            "requests": f"{int(row['requests']):,}",
            "tokens": f"{int(row['tokens']):,}",
            "students": int(row["students"]),
            "hours of jobs": number(row["hours"], 2),
            "basis": row["basis"],
        }
        for row in cost.to_dict("records")
    ]
    return Table(cost, pd.DataFrame(shown), "Cost of the screening and of the full study of these candidates")
