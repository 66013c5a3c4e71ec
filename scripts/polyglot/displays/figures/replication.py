"""Figures of the replication audit: published against recomputed, students between base and reference, ranks by definition."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import minus
from polyglot.displays.figures.style import (
    DARK,
    GREY,
    WIDE,
    Look,
    bottom,
    handle,
    language_label,
    legend,
    looks,
    nothing,
    points,
)
from polyglot.displays.figures.style import panels as side_by_side
from polyglot.displays.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RED = "#A03000"


def published_recomputed(context: Context, values: pd.DataFrame) -> Figure:
    """Every cell of table 13 and every score of figure 2: printed against recomputed, with differences."""
    figure, panels = side_by_side(3, least=2.0, width_ratios=[1, 0.9, 1])
    stacked = panels[0].get_subplotspec().get_gridspec().ncols < 3  # type: ignore[union-attr]
    if stacked:
        figure.set_figheight(1.5 * figure.get_figheight())
    cells = _split(values, "pg_scores", ["teacher", "group"])
    bases = _split(values, "base_scores", ["teacher", "group"])
    langs, names = sorted(cells["group"].unique()), sorted(bases["group"].unique())
    every = looks([*langs, *names])
    by_language, by_base = ({name: every[name] for name in chosen} for chosen in (langs, names))
    _identity(panels[0], cells, by_language)
    panels[0].set(xlabel="table 13, printed", ylabel="recomputed from\ntables 11 and 12", title=f"{len(cells)} cells")
    for column, (lang, look) in enumerate(by_language.items()):
        own = cells[cells["group"] == lang]
        apart = 1000 * (own["recomputed"] - own["published"])
        points(panels[1], column + np.linspace(-0.28, 0.28, len(own)), apart, look=look, vertical=True, size=4)
    tolerance = 5
    panels[1].axhspan(-tolerance, tolerance, color="#EEEEEE", zorder=0)
    panels[1].axhline(0, color=DARK, linewidth=0.8, zorder=1)
    panels[1].set_xticks(range(len(by_language)), list(by_language))
    panels[1].set(ylabel="recomputed − printed,\nthousandths", title="grey: tolerance", ylim=(-1.6 * tolerance, 1.6 * tolerance))
    _identity(panels[2], bases, by_base)
    panels[2].set(xlabel="figure 2, printed", ylabel="recomputed from\nreleased cells", title=f"{len(bases)} scores by base")
    far = bases[(bases["recomputed"] - bases["published"]).abs() > 0.02].sort_values("recomputed")
    entries = [handle(look, language_label(context, lang)) for lang, look in by_language.items()]
    legend(figure, entries + [handle(look, context.model(base)) for base, look in by_base.items()])
    values_far = ", ".join(f"{row['published']:.3f} → {row['recomputed']:.3f}" for row in far.to_dict("records"))
    place = "Bottom" if stacked else "Right"
    bottom(figure, "", f"{place}: by student base. Far from the released cells' (printed → recomputed): {values_far or 'none'}.")
    return figure


def _split(values: pd.DataFrame, claim: str, names: list[str]) -> pd.DataFrame:
    """A claim's values, with the two words of each item as columns."""
    own = values[values["id"] == claim].dropna(subset=["recomputed"])
    words = own["item"].str.split(" ", n=1, expand=True).to_numpy()
    return own.assign(
        **{names[0]: words[:, 0], names[1]: words[:, 1]},
        published=own["published"].astype(float),
        recomputed=own["recomputed"].astype(float),
    )


def _identity(axes: Axes, frame: pd.DataFrame, known: dict[str, Look]) -> None:
    """Printed against recomputed with the line of equality."""
    ends = frame[["published", "recomputed"]].min().min() - 0.1, frame[["published", "recomputed"]].max().max() + 0.1
    axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1)
    for name, look in known.items():
        own = frame[frame["group"] == name]
        points(axes, own["published"], own["recomputed"], look=look, size=4.5)
    axes.set(xlim=ends, ylim=ends, aspect="equal", adjustable="box")


def anchors(context: Context, audit: pd.DataFrame, students: pd.DataFrame) -> Figure:
    """Students of every teacher beside their base and reference, by language."""

    langs = sorted(audit["lang"])
    rows = audit.set_index("lang")
    order = students.groupby("teacher")["student_score"].mean().sort_values(ascending=False).index
    by_teacher = looks(order, context.colours)
    figure, panels = side_by_side(len(langs), least=1.0)
    for axes, lang in zip(panels, langs, strict=True):
        row = rows.loc[lang]
        known = pd.notna(row["gap"])
        name = language_label(context, lang, endonym=False)
        title = f"{name}\n{minus(number(row['gap'], sign=True))}" if known else f"{name}\ngap not known"
        axes.set_title(title, color=DARK if not row["suspect"] else RED, fontsize=8)
        axes.set_xticks([])
        axes.grid(visible=False, axis="x")
        own = students[students["lang"] == lang].set_index("teacher").reindex(order)
        for place, (teacher, look) in enumerate(by_teacher.items()):
            points(axes, place, own.loc[teacher, "student_score"], look=look, vertical=True, size=5)
        if known:
            axes.axhline(row["base_score"], color=DARK, linewidth=1.4)
            axes.axhline(row["reference_score"], color=RED if row["suspect"] else DARK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.margins(y=0.12)
        axes.tick_params(axis="y", labelsize=6.5)
    panels[0].set_ylabel("mean benchmark score")
    lines = [
        handle(Look(DARK, "", "-"), "base", line=True),
        handle(Look(RED, "", (0, (4, 2))), "reference (red: below its base)", line=True),
    ]
    legend(figure, lines + [handle(look, context.model(name)) for name, look in by_teacher.items()])
    known = rows[rows["gap"].notna()]
    total = f"{int(known['above_base'].sum())} of {int(known['students'].sum())} students are above their base."
    bottom(figure, "", f"Above each panel: reference minus base. {total} Published scores have no intervals.")
    return figure


def definition_ranks(context: Context, ranks: pd.DataFrame) -> Figure:
    """The rank of every teacher under each way of scoring, as a slope chart."""
    import matplotlib.pyplot as plt

    ways = list(dict.fromkeys(ranks["choice"]))
    meanings = ranks.drop_duplicates("choice").set_index("choice")
    wide = ranks.pivot(index="teacher", columns="choice", values="rank")[ways].astype(float)
    wide = wide.sort_values(ways[0])
    by_teacher = looks(wide.index, context.colours)
    figure, axes = plt.subplots()
    for teacher, look in by_teacher.items():
        axes.plot(range(len(ways)), wide.loc[teacher], color=look.colour, linestyle=look.line, linewidth=1.4, zorder=2)
        points(axes, range(len(ways)), wide.loc[teacher], look=look, size=6)
    axes.set(ylim=(len(wide) + 0.5, 0.5), xlim=(-0.1, len(ways) - 0.9))
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(list(wide[ways[0]]), [f"{context.model(str(name))}  {place:.0f}" for name, place in wide[ways[0]].items()])
    last = axes.secondary_yaxis("right")
    last.tick_params(length=0)
    last.spines[:].set_visible(False)
    wide_enough = figure.get_figwidth() >= WIDE
    ends = [
        f"{place:.0f}  {context.model(str(name))}" if wide_enough else f"{place:.0f}" for name, place in wide[ways[-1]].items()
    ]
    last.set_yticks(list(wide[ways[-1]]), ends)
    said = {way: (str(meanings.loc[way, "meaning"]), f"({meanings.loc[way, 'langs']})") for way in ways}
    if wide_enough:
        texts = [f"{textwrap.fill(meaning, 17)}\n{langs}" for meaning, langs in said.values()]
        axes.set_xticks(range(len(ways)), texts, fontsize=7)
    else:
        axes.set_xticks(range(len(ways)), [str(number) for number in range(1, len(ways) + 1)])
        bottom(figure, "", *(f"{number}: {' '.join(parts)}" for number, parts in enumerate(said.values(), 1)))
    axes.grid(visible=True, axis="x")
    if not len(wide):
        nothing(axes, "no teacher")
    return figure
