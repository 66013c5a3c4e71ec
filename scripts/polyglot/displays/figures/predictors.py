"""Figure of scores that train no student: how well each orders the teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.comparisons import rows_named
from polyglot.displays.figures.style import GREY, Look, bottom, cross, cross_handle, handle, legend, panels, points
from polyglot.displays.words import OUTCOMES, predictor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK, BASELINE = Look("#0072B2", "o"), Look("#555555", "s")
AGAINST = "perplexity_corpus"


def predictors(context: Context, predictors: pd.DataFrame) -> Figure:
    """Rank correlation within languages, one row a score, one panel for each outcome; corpus perplexity is a square."""
    outcomes = list(dict.fromkeys(predictors["outcome"]))
    first = predictors[predictors["outcome"] == outcomes[0]].sort_values("within", ascending=False, kind="stable")
    scores = list(first["score"])
    figure, shown = panels(len(outcomes), least=2.6, sharex=True, sharey=True)
    absent = False
    for axes, outcome in zip(shown, outcomes, strict=True):
        own = predictors[predictors["outcome"] == outcome].set_index("score")
        rows_named(axes, [predictor(name, context.metrics) for name in scores])
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
        axes.set_title(f"{OUTCOMES[outcome]}\n{int(own['teachers'].max())} teachers", fontsize=8)
        axes.set_xlim(-1.05, 1.05)
        axes.set_xticks([-1, 0, 1])
        for place, name in enumerate(scores):
            row = own.loc[name]
            if pd.isna(row["within"]):
                cross(axes, place)
                absent = True
                continue
            look = BASELINE if name == AGAINST else LOOK
            points(axes, row["within"], place, (row["within_low"], row["within_high"]), look=look, size=5)
    entries = [handle(LOOK, "score"), handle(BASELINE, "corpus perplexity")]
    legend(figure, entries + [cross_handle("not known")] * absent)
    bottom(figure, "rank correlation within languages")
    return figure
