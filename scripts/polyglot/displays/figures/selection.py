"""Figures of selected training sets: coverage against quality, gain and win rate; and students' scores by training size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.comparisons import row_shifts, rows_named
from polyglot.displays.figures.notes import authors, averages
from polyglot.displays.figures.style import (
    GREY,
    bottom,
    cross,
    cross_handle,
    flag_handle,
    handle,
    language_label,
    legend,
    looks,
    panels,
    points,
)
from polyglot.displays.words import flag_line, hole_line
from polyglot.scoring.scores import STUDENT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def selection(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    coverage: pd.DataFrame,
    win_rates: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """Left: coverage against quality of every training set. Middle and right: gain and win rate by recipe."""
    figure, (left, middle, right) = panels(3, least=2.0, width_ratios=[1.3, 1, 1])
    recipes = [name for name in context.recipes if name in set(coverage["recipe"])]
    by_recipe = looks(recipes)
    for name, look in by_recipe.items():
        rows = coverage[coverage["recipe"] == name]
        points(left, rows["quality"], rows["coverage"], look=look, size=4.5)
    left.set(xlabel="mean quality of the samples", ylabel="clusters covered", ylim=(None, 1.03))
    left.locator_params(axis="x", nbins=5)
    left.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    teachers = authors(context, replicates)
    lines = [(recipe, teacher) for recipe in recipes for teacher in teachers]
    bases = list(dict.fromkeys(replicates["base"]))
    shift = dict(zip(bases, row_shifts(len(bases)), strict=True))
    several = len(teachers) > 1
    labels = [f"{recipe}, {context.model(teacher)}" if several else recipe for recipe, teacher in lines]
    means = averages(measurements, "gain", STUDENT, context.confidence).reset_index()
    rates = win_rates[win_rates["lang"].fillna("") == ""].rename(columns={"win_rate": "value"})
    rates = rates.rename(columns={"win_rate_low": "low", "win_rate_high": "high"})
    absent = False
    for axes, frame, label, centre in ((middle, means, "gain over the base", 0.0), (right, rates, "win rate", 0.5)):
        below = left.get_gridspec().nrows > 1  # type: ignore[union-attr]
        rows_named(axes, labels if axes is middle or below else [""] * len(labels))
        axes.axvline(centre, color=GREY, linewidth=0.8, zorder=1)
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel(label)
        for row in frame.to_dict("records"):
            if (row["recipe"], row["teacher"]) not in lines:
                continue
            y = lines.index((row["recipe"], row["teacher"])) + shift[row["base"]]
            hollow = row["base"] != bases[0]
            points(axes, row["value"], y, (row["low"], row["high"]), look=by_recipe[row["recipe"]], hollow=hollow)
            if pd.isna(row["value"]):
                cross(axes, y)
                absent = True
    legend(figure, [handle(look, name) for name, look in by_recipe.items()] + [cross_handle("no average")] * absent)
    note = hole_line(context, replicates[replicates["replicate"] == 0], f"pg_{context.definition}", holes)
    bottom(figure, "", note, flag_line(context))
    return figure


def alignment(
    context: Context, cells: pd.DataFrame, holes: pd.DataFrame | None = None, gaps: pd.DataFrame | None = None
) -> Figure:
    """Mean benchmark score of the students against training size, one panel per language; the dashed line is the untrained
    base."""
    from matplotlib.ticker import NullLocator

    langs = list(dict.fromkeys(cells["lang"]))
    figure, shown = panels(max(1, len(langs)), least=1.9, sharey=True)
    by_teacher = looks(authors(context, cells), context.colours)
    ticks = sorted(set(context.recipes.values()))
    span = np.log(ticks[-1] / ticks[0]) if len(ticks) > 1 else 1.0
    shifts = dict(zip(by_teacher, np.exp(row_shifts(len(by_teacher), 0.02 * span)), strict=True))
    hollow = False
    for axes, lang in zip(shown, langs, strict=True):
        own = cells[(cells["lang"] == lang) & (cells["base"] == context.base)]
        own = own if len(own) else cells[cells["lang"] == lang]
        base = str(own["base"].iloc[0])
        flagged = context.is_flagged(lang, base)
        hollow |= flagged
        axes.axhline(own["base_score"].mean(), color=GREY, linestyle="--", linewidth=1.0, zorder=1)
        for name, look in by_teacher.items():
            rows = own[own["teacher"] == name].assign(size=lambda frame: frame["recipe"].map(dict(context.recipes)))
            rows = rows.sort_values("size")
            x = rows["size"].to_numpy(dtype=float) * shifts[name]
            axes.plot(x, rows["student_score"], color=look.colour, linestyle=look.line, zorder=2)
            score = rows["student_score"]
            ends = (score + rows["gain_low"] - rows["gain"], score + rows["gain_high"] - rows["gain"])
            points(axes, x, score, ends, look=look, vertical=True, hollow=flagged)
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.set_title(language_label(context, lang, base))
    shown[0].set_ylabel("mean benchmark score")
    entries = [handle(look, context.model(name), line=True) for name, look in by_teacher.items()]
    legend(figure, entries + [flag_handle()] * hollow)
    bottom(figure, "training examples; dashed: the untrained base", hole_line(context, holes=holes), flag_line(context))
    return figure
