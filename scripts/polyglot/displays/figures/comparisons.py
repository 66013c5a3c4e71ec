"""Figures of the experiments: by base, recipe, training size, step of a recipe, and a teacher's own size and ability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.analysis.additive_steps import step_holes
from polyglot.displays.context import Context
from polyglot.displays.figures.notes import authors, averages, interval_text
from polyglot.displays.figures.style import (
    AVERAGE,
    CROSS,
    DARK,
    GREY,
    PALE,
    bottom,
    cross,
    cross_handle,
    flag_handle,
    handle,
    heat_map,
    language_label,
    legend,
    log_axis,
    looks,
    nothing,
    panels,
    points,
)
from polyglot.displays.numbers import HOLE, number
from polyglot.displays.words import flag_line, group_names, hole_line
from polyglot.scoring.scores import STUDENT, interval
from polyglot.scoring.sensitivity import rank_correlation
from polyglot.synthesis.recipes import SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Groups = Sequence[tuple[str, str]]


def _groups(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(frame["base"], frame["recipe"], strict=True)))


def row_shifts(count: int, reach: float = 0.34) -> npt.NDArray[np.float64]:
    """Positions of several points in one row, around its middle."""
    return np.linspace(-reach, reach, count) if count > 1 else np.zeros(count)


def rows_named(axes: Axes, labels: Sequence[str]) -> None:
    """Named rows, the first on top, every other one shaded."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    for place in range(0, len(labels), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=PALE, linewidth=0, zorder=0)


def bases(
    context: Context,
    teachers: pd.DataFrame,
    replicates: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """Left: PG-Score by teacher and base, averaged over languages. Right: rank correlations between bases."""
    column = f"pg_{context.definition}"
    groups = _groups(teachers)
    groups = [group for group in groups if group[0] == context.base] + [group for group in groups if group[0] != context.base]
    names = group_names(context, groups)
    compared = len(groups) > 1
    ratios = [2.4 if len(groups) == 2 else 1.25, 1]
    figure, shown = panels(1 + compared, least=2.4, width_ratios=ratios[: 1 + compared])
    left = shown[0]
    order = list(dict.fromkeys(teacher for group in groups for teacher in _of(teachers, group)["teacher"]))
    rows_named(left, [context.model(name) for name in order])
    colours = {name: context.colours[base] for (base, _), name in names.items() if base in context.colours}
    by_group = looks(names.values(), colours)
    absent = False
    for group, shift in zip(groups, row_shifts(len(groups)), strict=True):
        rows = _of(teachers, group).set_index("teacher")
        rows = rows.reindex([name for name in order if name in rows.index])
        place = np.array([order.index(name) for name in rows.index]) + shift
        values = rows[column].to_numpy(dtype=float)
        ends = rows[f"{column}_low"], rows[f"{column}_high"]
        points(left, values, place, ends, look=by_group[names[group]], size=4.5)
        cross(left, place[np.isnan(values)])
        absent |= bool(np.isnan(values).any())
    left.axvline(0, color=GREY, linewidth=0.8, zorder=1)
    left.set_xlabel(f"PG-Score ({context.definition})")
    if compared:
        _agreement(context, shown[1], replicates, groups, column)
    legend(figure, [handle(look, name) for name, look in by_group.items()] + [cross_handle("no average")] * absent)
    bottom(figure, "", hole_line(context, holes=holes) or _unmeasured(context, teachers, column), flag_line(context))
    return figure


def _of(frame: pd.DataFrame, group: tuple[str, str]) -> pd.DataFrame:
    return frame[(frame["base"] == group[0]) & (frame["recipe"] == group[1])]


def _unmeasured(context: Context, teachers: pd.DataFrame, column: str) -> str:
    absent = dict.fromkeys(context.model(name) for name in teachers.loc[teachers[column].isna(), "teacher"])
    return f"No average, because a language's measurement is missing: {', '.join(absent)}." if absent else ""


def _agreement(context: Context, axes: Axes, replicates: pd.DataFrame, groups: Groups, column: str) -> None:
    """Spearman correlation of the teachers' averages by every two bases."""
    means = replicates.groupby(["replicate", *STUDENT])[column].mean(skipna=False)
    wide = means.unstack("teacher")
    tables = {group: wide[(wide.index.get_level_values("base") == group[0]) & (wide.index.get_level_values("recipe") == group[1])]
              for group in groups}  # fmt: skip
    names = group_names(context, groups)
    shape = (len(groups), len(groups))
    found = {name: np.full(shape, np.nan) for name in ("value", "low", "high")}
    for (i, one), (j, other) in combinations(enumerate(groups), 2):
        first, second = tables[one], tables[other]
        known = [name for name in first if name in second and first[name].notna().all() and second[name].notna().all()]
        rho = rank_correlation(first[known].to_numpy(dtype=float), second[known].to_numpy(dtype=float))
        low, high = interval(rho[1:], context.confidence)
        found["value"][j, i], found["low"][j, i], found["high"][j, i] = rho[0], low, high
    rows, columns = [names[group] for group in groups[1:]], [names[group] for group in groups[:-1]]
    frames = [pd.DataFrame(values[1:, :-1], index=rows, columns=columns) for values in found.values()]
    heat_map(axes, *frames, inches=2.2 / max(2, len(rows)))
    axes.set_aspect("equal", anchor="N")
    axes.tick_params(axis="x", rotation=35)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_title("rank correlation of bases", fontsize=8.5)
    if frames[0].isna().all(axis=None):
        nothing(axes, "fewer than two teachers with a score in every language: no ranking to compare")


Outcome = tuple[str, str, pd.DataFrame]


def _outcomes(context: Context, replicates: pd.DataFrame, measurements: pd.DataFrame) -> list[Outcome]:
    """Quantities to plot: label, column and rows of the PG-Score and, if measured, of the gain."""
    found = [(f"PG-Score ({context.definition})", f"pg_{context.definition}", replicates)]
    if "gain" in measurements and measurements["gain"].notna().any():
        found.append(("gain over the base", "gain", measurements))
    return found


def recipes(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """PG-Score and gain, averaged over languages: recipes as rows, best on top, teachers as markers."""
    outcomes = _outcomes(context, replicates, measurements)
    figure, shown = panels(len(outcomes), least=2.4, sharey=True)
    groups = _groups(replicates)
    by_teacher = looks(authors(context, replicates), context.colours)
    scores = averages(replicates, outcomes[0][1], STUDENT, context.confidence)["value"].groupby(level=["base", "recipe"]).mean()
    groups.sort(key=lambda group: -np.nan_to_num(scores[group], nan=-np.inf))
    names = group_names(context, groups)
    slots = [*by_teacher, ""] if len(by_teacher) > 1 else list(by_teacher)
    shifts = dict(zip(slots, row_shifts(len(slots)), strict=True))
    absent = averaged = False
    for axes, (label, column, frame) in zip(shown, outcomes, strict=True):
        rows_named(axes, [names[group] for group in groups])
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(label)
        means = averages(frame, column, STUDENT, context.confidence).reset_index()
        overall = averages(frame, column, ["base", "recipe"], context.confidence).reset_index()
        for place, group in enumerate(groups):
            rows = _of(means, group).to_dict("records")
            alone = len(rows) == 1
            drawn = [(row, by_teacher[row["teacher"]], 0 if alone else shifts[row["teacher"]], 4.5) for row in rows]
            drawn += [] if alone else [(row, AVERAGE, shifts[""], 5.5) for row in _of(overall, group).to_dict("records")]
            averaged |= not alone
            for row, look, shift, size in drawn:
                points(axes, row["value"], place + shift, (row["low"], row["high"]), look=look, size=size)
                if pd.isna(row["value"]):
                    cross(axes, place + shift)
                    absent = True
    entries = [handle(look, context.model(name)) for name, look in by_teacher.items()]
    legend(figure, entries + [handle(AVERAGE, "average over teachers")] * averaged + [cross_handle("no average")] * absent)
    bottom(figure, "", hole_line(context, replicates[replicates["replicate"] == 0], outcomes[0][1], holes), flag_line(context))
    return figure


def sizes(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """PG-Score and gain, averaged over languages, against the number of training examples; one line per teacher."""
    from matplotlib.ticker import NullLocator

    outcomes = _outcomes(context, replicates, measurements)
    figure, shown = panels(len(outcomes), least=2.4)
    rank = {name: place for place, name in enumerate(authors(context, replicates))}
    students = replicates[list(STUDENT)].drop_duplicates().to_dict("records")
    lines = list(dict.fromkeys((row["base"], _mix(row["recipe"]), row["teacher"]) for row in students))
    lines.sort(key=lambda line: rank[line[2]])
    kinds = list(dict.fromkeys(line[:2] for line in lines))
    named = group_names(context, kinds)
    keys = [line[2] if len(kinds) == 1 else str(line) for line in lines]
    by_line = dict(zip(lines, looks(keys, context.colours).values(), strict=True))
    ticks = sorted(set(context.recipes.values()))
    span = np.log(ticks[-1] / ticks[0]) if len(ticks) > 1 else 1.0
    shifts = np.exp(row_shifts(len(lines), 0.02 * span))
    absent = False
    for axes, (label, column, frame) in zip(shown, outcomes, strict=True):
        means = averages(frame, column, STUDENT, context.confidence).reset_index()
        means = means.assign(mix=[_mix(name) for name in means["recipe"]], size=means["recipe"].map(dict(context.recipes)))
        for (line, look), shift in zip(by_line.items(), shifts, strict=True):
            own = (means["base"] == line[0]) & (means["mix"] == line[1]) & (means["teacher"] == line[2])
            rows = means[own].sort_values("size")
            x = rows["size"].to_numpy(dtype=float) * shift
            if len(lines) <= 4:
                axes.fill_between(x, rows["low"], rows["high"], color=look.colour, alpha=0.1, linewidth=0)
            axes.plot(x, rows["value"], color=look.colour, linestyle=look.line, zorder=2)
            points(axes, x, rows["value"], (rows["low"], rows["high"]), look=look, vertical=True)
            gone = x[rows["value"].isna()]
            axes.plot(gone, np.full(len(gone), 0.04), transform=axes.get_xaxis_transform(), **CROSS | {"color": look.colour})
            absent |= len(gone) > 0
        axes.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        if ticks:
            axes.set_xlim(ticks[0] * np.exp(-0.09 * span), ticks[-1] * np.exp(0.09 * span))
        axes.set_ylabel(label)
    entries = [
        handle(look, context.model(line[2]) + (f", {named[line[:2]]}" if len(kinds) > 1 else ""), line=True)
        for line, look in by_line.items()
    ]
    legend(figure, entries + [cross_handle("no average")] * absent)
    note = hole_line(context, replicates[replicates["replicate"] == 0], outcomes[0][1], holes)
    bottom(figure, "training examples that were asked for", note, flag_line(context))
    return figure


def _mix(recipe: str) -> str:
    """A recipe's name without its size."""
    found = SIZE.match(recipe)
    return found["mix"] if found else recipe


def steps(context: Context, outcomes: pd.DataFrame) -> Figure:
    """Mean score of each step's student with its interval, steps as rows, and each step's gain; one panel per language."""
    langs = sorted(outcomes["lang"].unique())
    figure, shown = panels(max(1, len(langs)), least=2.3, sharey=True)
    labels = outcomes.sort_values("step").drop_duplicates("step").set_index("step")["label"]
    places = {step: place for place, step in enumerate(labels.index)}
    groups = [name for name in dict.fromkeys(outcomes["group"]) if name != "all"]
    by_group = looks(groups)
    absent = hollow = False
    for axes, lang in zip(shown, langs, strict=True):
        part = outcomes[outcomes["lang"] == lang].assign(place=lambda frame: frame["step"].map(places))
        rows_named(axes, [_wrap(str(label)) for label in labels])
        base = str(part["base"].iloc[0])
        flagged = context.is_flagged(lang, base)
        hollow |= flagged
        for group, shift in zip(groups, row_shifts(len(groups), 0.3), strict=True):
            rows = part[part["group"] == group]
            look = replace(by_group[group], order=2.5)
            points(axes, rows["score"], rows["place"] + shift, (rows["low"], rows["high"]), look=look, size=3.6)
        rows = part[part["group"] == "all"].sort_values("step")
        axes.plot(rows["score"], rows["place"], color=DARK, linewidth=1, zorder=2)
        look = replace(AVERAGE, order=4)
        points(axes, rows["score"], rows["place"], (rows["low"], rows["high"]), look=look, hollow=flagged, size=6.5)
        gone = rows.loc[rows["score"].isna(), "place"]
        cross(axes, gone.to_numpy())
        absent |= len(gone) > 0
        for row in rows[rows["gain_over_previous"].notna()].to_dict("records"):
            text = interval_text(row["gain_over_previous"], row["gain_low"], row["gain_high"], 3, sign=True)
            axes.text(
                1.02, row["place"], text.replace(" [", "\n["), transform=axes.get_yaxis_transform(), va="center", fontsize=7
            )
        axes.set_title(language_label(context, lang, base))
    entries = [handle(AVERAGE, "mean of the groups")]
    entries += [handle(look, group.replace("_", " "), size=4) for group, look in by_group.items()]
    legend(figure, entries + [flag_handle()] * hollow + [cross_handle()] * absent)
    bottom(figure, "score; right: gain over the previous step", hole_line(context, holes=step_holes(outcomes)))
    return figure


def _wrap(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 24)


PREDICTORS: dict[str, tuple[str, str, str, Callable[[Any], Any]]] = {
    "ability": ("ability", "teacher's own mean benchmark score", "per unit", lambda x: x),
    "log_size": ("size", "teacher's size (billions of parameters)", "per e-fold", np.log),
}
"""Predictor of a model: its column, label, the unit of its slope, and its transform."""


def abilities(context: Context, models: pd.DataFrame, abilities: pd.DataFrame, gaps: pd.DataFrame | None = None) -> Figure:
    """PG-Score against a teacher's own score and its size, with the fitted lines of the mixed-effects models."""
    known = [name for name in PREDICTORS if name == "ability" or abilities["size"].notna().any()]
    figure, shown = panels(len(known), least=2.3, sharey=True)
    by_teacher = looks(authors(context, abilities), context.colours)
    hollow = False
    for axes, name in zip(shown, known, strict=True):
        column, label, _, _ = PREDICTORS[name]
        for row in abilities.dropna(subset=[column, "pg"]).to_dict("records"):
            flagged = context.is_flagged(row["lang"])
            hollow |= flagged
            points(axes, row[column], row["pg"], look=by_teacher[row["teacher"]], hollow=flagged, size=5.5)
        axes.set_xlabel(label)
        axes.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        if name == "log_size":
            log_axis(axes, abilities[column].dropna())
        else:
            axes.locator_params(axis="x", nbins=5)
        _line(axes, models[models["predictor"] == name], name, abilities[column].dropna())
    shown[0].set_ylabel(f"PG-Score ({context.definition})")
    legend(figure, [handle(look, context.model(name)) for name, look in by_teacher.items()] + [flag_handle()] * hollow)
    unplaced = abilities[abilities["pg"].isna() | abilities["ability"].isna()]
    names = [f"{context.model(row['teacher'])} in {context.language(row['lang'])}" for row in unplaced.to_dict("records")]
    sizeless = [context.model(name) for name in authors(context, abilities[abilities["size"].isna()])] if len(known) > 1 else []
    bottom(figure, "", f"{HOLE} no measurement: {'; '.join(names)}." if names else "",
           f"Size not known: {', '.join(sizeless)}." if sizeless else "")  # fmt: skip
    return figure


def _line(axes: Axes, model: pd.DataFrame, name: str, values: pd.Series) -> None:
    """The fitted line over the range of the data, and its slope with interval and p-value above the panel."""
    slope, start = model[model["term"] != "intercept"], model[model["term"] == "intercept"]
    if slope.empty or start.empty or pd.isna(slope["coefficient"].iloc[0]):
        reason = str(slope["note"].iloc[0]) if len(slope) and pd.notna(slope["note"].iloc[0]) else "not fitted"
        axes.set_title(_wrap(f"no line: {reason}"), fontsize=8)
        return
    row = slope.iloc[0]
    _, _, unit, transform = PREDICTORS[name]
    spaced = np.geomspace if name == "log_size" else np.linspace
    x = spaced(float(values.min()), float(values.max()), 50)
    fitted = float(start["coefficient"].iloc[0]) + float(row["coefficient"]) * transform(x)
    axes.plot(x, fitted, color=DARK, linewidth=1.2, zorder=2)
    counts = f"p {number(row['p'])}, n {row['n']} cells, {row['groups']} teachers"
    axes.set_title(f"slope {interval_text(row['coefficient'], row['low'], row['high'])} {unit}\n{counts}", fontsize=8)
