"""The screening's figure: predicted gain of every candidate, by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.style import GREY, Look, cross, cross_handle, handle, language_label, legend, panels, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREDICTED, ACTUAL = Look("#0072B2", "o"), Look("#D55E00", "d", order=4)


def screen(context: Context, candidates: pd.DataFrame, validation: pd.DataFrame, cost: pd.DataFrame) -> Figure:
    """Predicted gain with its prediction interval, one panel per language, best first; the measured gain if known."""
    langs = list(dict.fromkeys(candidates["lang"]))
    figure, shown = panels(len(langs), least=2.0, sharex=True)
    for axes, lang in zip(shown, langs, strict=True):
        rows = candidates[candidates["lang"] == lang].sort_values("prediction", na_position="first")
        place = np.arange(len(rows))
        points(axes, rows["prediction"], place, (rows["low"], rows["high"]), look=PREDICTED)
        points(axes, rows["actual"], place, look=ACTUAL)
        cross(axes, place[rows["prediction"].isna().to_numpy()])
        axes.set_yticks(place, [context.model(name) for name in rows["teacher"]])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.grid(axis="y", visible=False)
        axes.set_title(language_label(context, str(lang), width=20))
    figure.supxlabel("students' gain over the base", fontsize=9)
    entries = [handle(PREDICTED, f"predicted, {context.confidence:.0%} prediction interval")]
    if candidates["actual"].notna().any():
        entries.append(handle(ACTUAL, "measured in the full study"))
    if candidates["prediction"].isna().any():
        entries.append(cross_handle("no prediction"))
    legend(figure, entries)
    return figure
