"""The figure that compares routed and single teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.comparisons import row_shifts, rows_named
from polyglot.displays.figures.notes import averages
from polyglot.displays.figures.style import DARK, GREY, bottom, cross, cross_handle, handle, legend, looks, panels, points
from polyglot.displays.words import flag_line, hole_line
from polyglot.scoring.scores import STUDENT

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

KINDS = ("routed", "single teacher")
BARS = {"data": ("#7F7F7F", "answers for the data"), "calibration": ("#C9C9C9", "answers to calibration prompts")}
"""Colour and name of each part of the generations."""


def routing(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    generations: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """Teachers as rows, best on top: PG-Score, gain over the base, and the generations needed for the data."""
    from matplotlib.patches import Patch

    score = f"pg_{context.definition}"
    outcomes = [(f"PG-Score ({context.definition})", score, replicates), ("gain over the base", "gain", measurements)]
    figure, shown = panels(3, least=1.9, sharey=True, width_ratios=[1.2, 1.2, 0.8])
    means = averages(replicates, score, STUDENT, context.confidence)["value"].groupby(level="teacher").mean()
    order = list(means.sort_values(ascending=False, na_position="last").index)
    place = {name: row for row, name in enumerate(order)}
    cost = generations.set_index("teacher")
    routed = {name for name in order if cost["strategy"].fillna("").get(name, "")}
    look = looks(KINDS)
    kind = {name: KINDS[0] if name in routed else KINDS[1] for name in order}
    bases = list(dict.fromkeys(replicates["base"]))
    shift = dict(zip(bases, row_shifts(len(bases)), strict=True))
    absent = False
    for axes, (label, column, frame) in zip(shown, outcomes, strict=False):
        rows_named(axes, [context.model(name) for name in order])
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(label)
        for row in averages(frame, column, STUDENT, context.confidence).reset_index().to_dict("records"):
            y = place[row["teacher"]] + shift[row["base"]]
            points(
                axes, row["value"], y, (row["low"], row["high"]), look=look[kind[row["teacher"]]], hollow=row["base"] != bases[0]
            )
            if pd.isna(row["value"]):
                cross(axes, y)
                absent = True
    last = shown[-1]
    rows_named(last, [context.model(name) for name in order])
    left = np.zeros(len(order))
    for part, (colour, _) in BARS.items():
        counts = cost[part].reindex(order).fillna(0).to_numpy(dtype=float)
        last.barh(range(len(order)), counts, left=left, color=colour, height=0.5)
        left = left + counts
    for name in order:
        if name in cost.index:
            last.text(cost["total"][name], place[name], f" {int(cost['total'][name]):,}", va="center", fontsize=7, color=DARK)
    last.set_xlim(0, 1.3 * float(cost["total"].max()))
    last.locator_params(axis="x", nbins=4)
    last.set_xlabel("generations")
    entries: list[Artist] = [handle(look[name], name) for name in KINDS if name in kind.values()]
    entries += [handle(look[KINDS[0]], context.model(base), hollow=True) for base in bases[1:]]
    entries += [Patch(color=colour, label=label) for colour, label in BARS.values()]
    legend(figure, entries + [cross_handle("no average")] * absent)
    note = hole_line(context, replicates[replicates["replicate"] == 0], score, holes)
    bottom(figure, "", note, flag_line(context))
    return figure
