"""Figures of a study's result, evaluation and data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import authors, interval_text, main_rows
from polyglot.displays.figures.style import (
    AVERAGE,
    COLOURS,
    DARK,
    GREY,
    Look,
    bottom,
    cross,
    cross_handle,
    flag_handle,
    handle,
    hide_rest,
    language_label,
    legend,
    looks,
    narrow,
    nothing,
    panels,
    points,
    row_points,
)
from polyglot.displays.numbers import HOLE, probability
from polyglot.displays.words import flag_line, group_names, hole_line
from polyglot.scoring.statistics import spearman_matrix
from polyglot.synthesis.answers import STATUSES
from polyglot.synthesis.methods.base import METHODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REPAIRED = "usable after repair"
STATUS_STYLES = {
    "ok": ("#0072B2", ""),
    "invalid_json": ("#E69F00", "/////"),
    "empty": ("#DDDDDD", "....."),
    "truncated": ("#56B4E9", "\\\\\\\\\\"),
    "wrong_language": ("#CC79A7", "xxxxx"),
    "benchmark_item": ("#F7F7F7", "|||||"),
    "refused": ("#999999", "ooooo"),
    "echo": ("#F0E442", "*****"),
    "filtered": ("#009E73", "+++++"),
    "failed": ("#D55E00", "OOOOO"),
    "duplicate": ("#882255", "....."),
    "control_token": ("#AA4499", "/////"),
    "personal_data": ("#DDCC77", "xxxxx"),
    "length": ("#88CCEE", "|||||"),
    "repetition": ("#44AA99", "\\\\\\\\\\"),
    "refusal": ("#CC6677", "+++++"),
    "mixed_language": ("#332288", "*****"),
    "expression": ("#117733", "ooooo"),
    "benchmark_neighbour": ("#661100", "....."),
    REPAIRED: ("#0072B2", "-----"),
}
"""Colour and hatch of each status."""
CELL = Look(COLOURS[0], "o")
Panel = tuple["Axes", tuple[str, str], str, pd.DataFrame]


def _ranked(context: Context, cells: pd.DataFrame, teachers: pd.DataFrame, base: str, recipe: str) -> list[str]:
    """Teachers of a base and recipe, best first; those without a rank last."""
    present = authors(context, cells[(cells["base"] == base) & (cells["recipe"] == recipe)])
    ranked = teachers.loc[(teachers["base"] == base) & (teachers["recipe"] == recipe), "teacher"]
    return [name for name in ranked if name in present] + [name for name in present if name not in set(ranked)]


def _panels(
    context: Context, cells: pd.DataFrame, teachers: pd.DataFrame, *, average: bool, shared: bool
) -> tuple[Figure, list[Panel]]:
    """A panel for every language (and the average before them), teachers as rows, best on top; a row of panels for every base
    and recipe.

    Returns:
        (figure, panels): each panel's axes, its (base, recipe), its language ("" for the average), and its cells by teacher in
        the order of its rows.
    """
    import matplotlib.pyplot as plt

    groups = list(dict.fromkeys(zip(cells["base"], cells["recipe"], strict=True)))
    langs = [""] * average + sorted(cells["lang"].unique())
    width = min(len(langs), 8) if len(langs) != 9 else 5
    usual = -(-len(langs) // width)
    width = narrow(width, 0.74, names=1.0)
    height = -(-len(langs) // width)
    figure, grid = plt.subplots(len(groups) * height, width, sharex=shared, squeeze=False)
    figure.set_figheight(figure.get_figheight() * (0.4 + 0.6 * height / usual))
    found: list[Panel] = []
    for place, (base, recipe) in enumerate(groups):
        order = _ranked(context, cells, teachers, base, recipe)
        chosen = cells[(cells["base"] == base) & (cells["recipe"] == recipe)]
        for number in range(height * width):
            axes = grid[place * height + number // width, number % width]
            if number >= len(langs):
                axes.set_visible(False)
                continue
            lang = langs[number]
            rows = chosen[chosen["lang"] == lang].set_index("teacher").reindex(order)
            found.append((axes, (base, recipe), lang, rows))
            axes.set_ylim(len(order) - 0.4, -0.6)
            first = number % width == 0
            axes.set_yticks(range(len(order)), [context.model(name) for name in order] if first else [])
            axes.tick_params(axis="x", labelsize=7)
            axes.locator_params(axis="x", nbins=3 if width > 4 else 5)
            if shared and number + width >= len(langs):
                axes.tick_params(axis="x", labelbottom=True)
            if place == 0 or not shared:
                small = width > 5
                axes.set_title(
                    "average\nover languages" if lang == "" else language_label(context, lang, base, width=11 if small else 24),
                    fontsize=7.5 if small else 8.5,
                )
            if first and number == 0 and len(groups) > 1:
                axes.set_ylabel(group_names(context, groups)[base, recipe])
            for row in range(len(order)):
                axes.axhline(row, color="#e2e2e2", linewidth=0.6, zorder=0)
            axes.grid(axis="y", visible=False)
    return figure, found


def pg_score(
    context: Context,
    cells: pd.DataFrame,
    teachers: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    holes: pd.DataFrame | None = None,
) -> Figure:
    """PG-Score: a panel for the average and for every language, teachers as rows, best on top."""
    column = f"pg_{context.definition}"
    figure, shown = _panels(context, cells, teachers, average=cells["lang"].nunique() > 1, shared=True)
    hollow = False
    for axes, (base, recipe), lang, rows in shown:
        if lang == "":
            own = teachers[(teachers["base"] == base) & (teachers["recipe"] == recipe)]
            rows = own.set_index("teacher").reindex(rows.index)
        flagged = lang != "" and context.is_flagged(lang, base)
        hollow |= flagged
        values, place = rows[column].to_numpy(dtype=float), np.arange(len(rows))
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
        row_points(axes, context, list(rows.index), values, (rows[f"{column}_low"], rows[f"{column}_high"]),
                   look=AVERAGE if lang == "" else CELL, hollow=flagged, size=5 if lang == "" else 4.5)  # fmt: skip
        cross(axes, place[np.isnan(values)])
    note = hole_line(context, cells, column, holes)
    legend(figure, [flag_handle()] * hollow + [cross_handle()] * bool(note))
    bottom(figure, f"PG-Score ({context.definition})", note)
    return figure


def gain(
    context: Context,
    cells: pd.DataFrame,
    teachers: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    holes: pd.DataFrame | None = None,
) -> Figure:
    """Students' mean benchmark score between base and reference: a panel for every language, teachers as rows, best on top."""
    from matplotlib.lines import Line2D
    from scipy.stats import norm

    figure, shown = _panels(context, cells, teachers, average=False, shared=False)
    hollow = False
    for axes, (base, _), lang, rows in shown:
        flagged = context.is_flagged(lang, base)
        hollow |= flagged
        ends = _anchors(rows, gaps, base, lang)
        axes.axvline(ends["base_score"], color=DARK, linestyle="--", linewidth=1.1, zorder=2)
        axes.axvline(ends["reference_score"], color=DARK, linewidth=1.1, zorder=2)
        reach = norm.ppf((1 + context.confidence) / 2) * ends["gap_se"]
        span = np.clip([ends["reference_score"] - reach, ends["reference_score"] + reach], 0, 1)  # a score is within 0 and 1
        axes.axvspan(*span, color="#D9D9D9", linewidth=0, zorder=1)
        values, place = rows["student_score"].to_numpy(dtype=float), np.arange(len(rows))
        moved = ((rows[f"gain_{end}"] - rows["gain"]).to_numpy(dtype=float) for end in ("low", "high"))
        low, high = (np.clip(values + each, 0, 1) for each in moved)
        row_points(axes, context, list(rows.index), values, (low, high), look=CELL, hollow=flagged, size=4.5)
        cross(axes, place[np.isnan(values)])
        axes.margins(x=0.12)
    note = hole_line(context, cells, "student_score", holes)
    entries = [
        Line2D([], [], color=DARK, linestyle="--", linewidth=1.1, label="base"),
        Line2D([], [], color=DARK, linewidth=1.1, label="reference"),
        handle(CELL, "student"),
    ]
    legend(figure, entries + [flag_handle()] * hollow + [cross_handle()] * bool(note))
    bottom(figure, "mean benchmark score", note)
    return figure


def _anchors(rows: pd.DataFrame, gaps: pd.DataFrame | None, base: str, lang: str) -> dict[str, float]:
    """Scores of base and reference and their gap's standard error: from the gaps, else from any measured cell."""
    source = rows if gaps is None else gaps[(gaps["base"] == base) & (gaps["lang"] == lang)]
    known = source[["base_score", "reference_score", "gap_se"]].apply(pd.to_numeric).max()
    return {str(name): float(value) for name, value in known.items()}


def ranks(context: Context, teachers: pd.DataFrame, gaps: pd.DataFrame | None = None) -> Figure:
    """Left: probability of the first rank and of one of the first three. Right: rank with its interval."""
    import matplotlib.pyplot as plt

    groups = list(dict.fromkeys(zip(teachers["base"], teachers["recipe"], strict=True)))
    figure, grid = plt.subplots(len(groups), 2, sharey="row", squeeze=False, width_ratios=[3, 2])
    names = group_names(context, groups)
    several = bool((teachers.groupby(["base", "recipe"])["rank"].count() > TOP).any())  # of three, each is among the first three
    unranked: list[str] = []
    for (left, right), (base, recipe) in zip(grid, groups, strict=True):
        rows = teachers[(teachers["base"] == base) & (teachers["recipe"] == recipe)]
        place = np.arange(len(rows))
        for column, shift, style in (("p_first", -0.19 * several, BARS[0]), ("p_top", 0.19, BARS[1]))[: 1 + several]:
            values = rows[column].to_numpy(dtype=float)
            bars = left.barh(place + shift, values, height=0.36, **style)
            left.bar_label(bars, [probability(value, missing="") for value in values], padding=3, fontsize=7.5)
        left.set(xlim=(0, 1.1), xticks=np.arange(0, 1.01, 0.25), ylim=(len(rows) - 0.4, -0.6))
        left.set_yticks(place, [context.model(name) for name in rows["teacher"]])
        left.grid(axis="y", visible=False)
        if rows["p_first"].isna().all():
            left.text(0.5, 0.5, "no resamples, no probabilities", transform=left.transAxes, ha="center", va="center", color=GREY)
        rank = rows["rank"].astype(float).to_numpy()
        points(right, rank, place, (rows["rank_low"], rows["rank_high"]), look=AVERAGE, size=6)
        for axes in (left, right):
            cross(axes, place[np.isnan(rank)], x=0.02 if axes is left else 0.5)
        unranked += [context.model(name) for name in rows.loc[np.isnan(rank), "teacher"]]
        steps = max(1, round(len(rows) / 10))
        right.set(xlim=(0.5, len(rows) + 0.5), xticks=np.arange(1, len(rows) + 1, steps))
        if len(groups) > 1:
            left.set_ylabel(names[base, recipe])
    grid[-1, 0].set_xlabel("probability")
    grid[-1, 1].set_xlabel(f"rank by PG-Score ({context.definition})")
    entries: list[Any] = [
        *_bar_handles(["first", "among the first three"][: 1 + several]),
        handle(AVERAGE, "rank, with its interval"),
    ]
    note = f"{HOLE} no rank, because a language's measurement is missing: {', '.join(unranked)}." if unranked else ""
    legend(figure, entries + [cross_handle("no rank")] * bool(unranked))
    bottom(figure, "", note, flag_line(context))
    return figure


TOP = 3
"""Ranks that the second bar counts."""
BARS: tuple[dict[str, Any], dict[str, Any]] = (
    {"facecolor": "#0072B2", "edgecolor": "#0072B2", "linewidth": 0.6},
    {"facecolor": "#E8F1F8", "edgecolor": "#0072B2", "linewidth": 0.6, "hatch": "////"},
)
"""Styles of two bars that also differ in greyscale."""


def _bar_handles(labels: Sequence[str]) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(label=label, **style) for label, style in zip(labels, BARS, strict=False)]


def intrinsic_extrinsic(context: Context, cells: pd.DataFrame, gaps: pd.DataFrame | None = None) -> Figure:
    """Extrinsic against intrinsic score: a panel for every language, with the other languages' cells in grey behind."""
    import matplotlib.pyplot as plt

    cells = main_rows(context, cells)
    column = "gain" if "gain" in cells and cells["gain"].notna().any() else "pgr_released"
    langs = sorted(cells["lang"].unique())
    width = min(len(langs), 3) if len(langs) < 7 else 4
    usual = -(-len(langs) // width)
    width = narrow(width, 1.5)
    height = -(-len(langs) // width)
    figure, grid = plt.subplots(height, width, sharex=True, sharey=True, squeeze=False)
    figure.set_figheight(figure.get_figheight() * (0.4 + 0.6 * height / usual))
    hide_rest(grid, len(langs))
    by_teacher = looks(authors(context, cells), context.colours)
    hollow = False
    for place in range(width * height):
        axes: Axes = grid.flat[place]
        if place >= len(langs):
            continue
        lang = langs[place]
        rows = cells[cells["lang"] == lang]
        base = str(rows["base"].iloc[0])
        flagged = context.is_flagged(lang, base)
        hollow |= flagged
        axes.plot(cells[context.intrinsic], cells[column], "o", color="#CFCFCF", markersize=2.5, markeredgewidth=0, zorder=1)
        axes.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        for row in rows.to_dict("records"):
            x, y, look = row[context.intrinsic], row[column], by_teacher[row["teacher"]]
            points(
                axes,
                x,
                y,
                (row[f"{context.intrinsic}_low"], row[f"{context.intrinsic}_high"]),
                look=look,
                hollow=flagged,
                size=5.5,
            )
            if column == "gain" and not np.isnan(x):
                axes.vlines(x, row["gain_low"], row["gain_high"], color=look.colour, linewidth=1.1, zorder=2.5)
        found = spearman_matrix(rows, [context.intrinsic, column], confidence=context.confidence).iloc[1]
        rho = interval_text(found["rho"], found["low"], found["high"])
        axes.set_title(f"{language_label(context, lang, base)}\nρ {rho}", fontsize=8)
        axes.margins(0.08)
        absent = [context.model(row["teacher"]) for row in rows.to_dict("records") if pd.isna(row["intrinsic"] + row[column])]
        if absent:
            axes.text(0.03, 0.97, "\n".join(f"{HOLE} {name}" for name in absent), transform=axes.transAxes, va="top", fontsize=7)
    entries = [handle(look, context.model(name)) for name, look in by_teacher.items()]
    entries += [handle(Look("#CFCFCF", "o"), "other languages", size=3.5)] * (len(langs) > 1)
    holes = bool(hole_line(context, cells, column))
    legend(figure, entries + [flag_handle()] * hollow + [cross_handle()] * holes)
    found = spearman_matrix(cells, [context.intrinsic, column], confidence=context.confidence).iloc[1]
    overall = interval_text(found["rho"], found["low"], found["high"])
    labels = {"gain": "gain over the base", "pgr_released": "performance gap recovered (PGR)"}
    figure.supylabel(labels[column])
    bottom(figure, "intrinsic score", f"Spearman's ρ over all {found['n']} cells: {overall}.")
    return figure


def _repaired_apart(statuses: pd.DataFrame) -> pd.DataFrame:
    """Counts by status with usable answers that were repaired as a status of their own."""
    if "repaired" not in statuses:
        return statuses
    usable = statuses[(statuses["status"] == "ok") & (statuses["repaired"] > 0)]
    rest = statuses.assign(count=statuses["count"] - statuses["repaired"].where(statuses.index.isin(usable.index), 0).astype(int))
    return pd.concat([rest, usable.assign(status=REPAIRED, count=usable["repaired"].astype(int))], ignore_index=True)


def synthesis_yield(context: Context, statuses: pd.DataFrame) -> Figure:
    """Share of answers by status, one bar per teacher and method, over all languages and seeds."""
    from matplotlib.patches import Patch

    statuses = _repaired_apart(statuses)
    methods = list(dict.fromkeys([*METHODS, *sorted(statuses["method"].unique())]))
    methods = [method for method in methods if method in set(statuses["method"])]
    order = authors(context, statuses)
    figure, shown = panels(max(1, len(methods)), least=1.9, sharey=True)
    between = "\n" if shown[0].get_subplotspec().get_gridspec().nrows == 1 else " "  # type: ignore[union-attr]
    if not methods:
        nothing(shown[0], "no answers yet")
    used = [status for status in ("ok", REPAIRED, *STATUSES[1:]) if status in set(statuses["status"])]
    used += sorted(set(statuses["status"]) - set(used))
    styles = {status: STATUS_STYLES.get(status, ("#BBBBBB", "ooo")) for status in used}
    for axes, method in zip(shown, methods, strict=False):
        part = statuses[statuses["method"] == method]
        counts = part.pivot_table(index="teacher", columns="status", values="count", aggfunc="sum", fill_value=0)
        counts = counts.reindex(index=order, columns=used, fill_value=0)
        total = counts.sum(axis=1)
        left = np.zeros(len(order))
        for status, (colour, hatch) in styles.items():
            share = (counts[status] / total.where(total > 0)).fillna(0).to_numpy()
            axes.barh(range(len(order)), share, left=left, height=0.72, color=colour, hatch=hatch, edgecolor=DARK, linewidth=0.5)
            left += share
        for place, teacher in enumerate(order):
            ok, asked = int(sum(counts.loc[teacher, name] for name in ("ok", REPAIRED) if name in used)), int(total[teacher])
            text = f"{ok / asked:.0%} of{between}{asked:,}" if asked else "none"
            axes.text(1.03, place, text, va="center", fontsize=7, color=DARK, linespacing=1)
        axes.set_title(method)
        axes.set(xlim=(0, 1), xticks=[0, 0.5, 1], ylim=(len(order) - 0.4, -0.6))
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.grid(axis="y", visible=False)
    if methods:
        shown[0].set_yticks(range(len(order)), [context.model(name) for name in order])
    legend(figure, [Patch(facecolor=colour, hatch=hatch, edgecolor=DARK, linewidth=0.5, label=name.replace("_", " "))
                    for name, (colour, hatch) in styles.items()])  # fmt: skip
    bottom(figure, "share of answers; beside each bar: usable share, and number of answers")
    return figure
