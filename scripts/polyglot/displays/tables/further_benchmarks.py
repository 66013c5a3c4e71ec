"""Scores on benchmarks that are judged, or measured and not scored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Estimate, Row, row_dicts

FORMS = {
    "rated": "rating, 0 to 1",
    "compared": "win rate",
    "chrf": "chrF++, 0 to 1",
    "perplexity": "1 / perplexity per byte",
    "lighteval": "the metric of lighteval's task, 0 to 1",
}
TURNS = {"first_turn": "first turn", "later_turns": "later turns"}
CHOICE = "share of right answers"
"""What the score is in any other form."""


def further_benchmarks(context: Context, scores: pd.DataFrame) -> Table:
    """Every model's score on every such benchmark in every language."""
    shown: list[Row] = []
    several = scores["recipe"].fillna("").replace("", np.nan).dropna().nunique() > 1
    turns = bool(scores["first_turn"].notna().any())
    for row in row_dicts(scores.fillna({"recipe": ""})):
        score, controlled, first = (Estimate.of(row, name) for name in ("score", "controlled", "first_place"))
        student = bool(row["recipe"])
        own = {"recipe": row["recipe"] or UNKNOWN} if several else {}
        shown.append(
            {
                "benchmark": row["benchmark"],
                "language": context.language(row["lang"]),
                "model": f"student of {context.model(row['model'])}" if student else context.model(row["model"]),
                **own,
                "score": score.text(3),
                **({TURNS[name]: Estimate.of(row, name).text(3) for name in TURNS} if turns else {}),
                "at equal length": controlled.text(3),
                "bits per byte": number(-np.log2(row["score"]), 3) if row["form"] == "perplexity" else UNKNOWN,
                "items": count(row["n"]),
                "no verdict": count(row["unread"]) if row["form"] in ("rated", "compared") else UNKNOWN,
                "shown first preferred": first.text(2),
            }
        )
    forms = {str(row["benchmark"]): FORMS.get(str(row["form"]), CHOICE) for row in row_dicts(scores)}
    read = pd.Series(scores["consistent"], dtype=float).dropna()
    notes = [
        "Score: " + "; ".join(f"{name}: {form}" for name, form in forms.items()) + ". Higher is better.",
        f"Brackets: {context.confidence:.0%} bootstrap interval over items. A tie counts by half.",
    ]
    if "compared" in set(scores["form"]):
        notes.append(
            "At equal length: the win rate that a logistic regression on the difference of lengths predicts where there is none, "
            "as in AlpacaEval 2, without its term for how hard each question is."
        )
        notes.append(
            "Shown first preferred: how often the judge prefers the answer that it reads first, 0.5 without bias; "
            f"the same verdict in both orders: {read.mean():.0%}."
            if len(read)
            else "The judge is a reward model: it scores one answer at a time, so that it has no bias of place."
        )
    return Table(scores, pd.DataFrame(shown), context.title, notes)
