"""Figures of the replication audit from the authors' released files: sizes, translation, teachers, shared parts of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import minus
from polyglot.displays.figures.style import DARK, GREY, WIDE, Look, bottom, handle, legend, looks, points, spread
from polyglot.displays.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORE, PG = "mean benchmark score", "PG-Score"
METHODS = {
    "nllb-translate-both": "NLLB, both sides",
    "translate-then-respond": "NLLB, then respond",
    "translate-synthetic": "the teacher itself",
}
"""The methods of figure 6 in words."""


def _two_panels() -> tuple[Figure, tuple[Axes, Axes]]:
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2)
    return figure, (panels[0], panels[1])


def scale(context: Context, scale: pd.DataFrame) -> Figure:
    """Student score and PG-Score by the number of examples, a line a language."""
    figure, panels = _two_panels()
    by_language = looks(sorted(scale["lang"].unique()), context.colours)
    for axes, column, label in zip(panels, ("student_score", "pg_score"), (SCORE, PG), strict=True):
        for lang, look in by_language.items():
            own = scale[scale["lang"] == lang].sort_values("examples")
            reach = 1.96 * own["student_se"] if column == "student_score" else np.nan
            axes.plot(own["examples"], own[column], color=look.colour, linestyle=look.line, linewidth=1.2)
            points(axes, own["examples"], own[column], (own[column] - reach, own[column] + reach), look=look, vertical=True)
        sizes = sorted(scale["examples"].unique())
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size / 1000:g}k" for size in sizes])
        axes.minorticks_off()
        axes.set_title(label)
    bottom(figure, "training examples", "Bars: 1.96 released standard errors; no PG-Score has one.")
    legend(figure, [handle(look, context.language(lang), line=True) for lang, look in by_language.items()])
    return figure


def translation(context: Context, translation: pd.DataFrame) -> Figure:
    """PG-Score and student score of each method of translation, by language."""
    figure, panels = _two_panels()
    langs = sorted(translation["lang"].unique())
    by_method = looks(METHODS)
    for axes, column, label in zip(panels, ("pg_score", "student_score"), (PG, SCORE), strict=True):
        for place, (method, look) in enumerate(by_method.items()):
            own = translation[translation["method"] == method].set_index("lang").reindex(langs)
            reach = 1.96 * own["student_se"] if column == "student_score" else np.nan
            x = np.arange(len(langs)) + 0.2 * (place - 1)
            points(axes, x, own[column], (own[column] - reach, own[column] + reach), look=look, vertical=True, size=6)
        axes.set_xticks(range(len(langs)), [context.language(lang) for lang in langs])
        axes.grid(visible=False, axis="x")
        axes.set(xlim=(-0.5, len(langs) - 0.5), title=label)
    legend(figure, [handle(look, METHODS[method]) for method, look in by_method.items()])
    bottom(figure, "", "Bars: 1.96 released standard errors; no PG-Score has one.")
    return figure


def teachers(context: Context, teachers: pd.DataFrame) -> Figure:
    """Every teacher's mean PG-Score against the mean benchmark score of its students."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    if figure.get_figwidth() >= WIDE:
        points(axes, teachers["student_score"], teachers["pg"], look=Look(DARK, "o"), size=6)
        _named_beside(context, axes, teachers)
    else:
        by_teacher = looks(teachers["teacher"], context.colours)
        for row in teachers.to_dict("records"):
            points(axes, row["student_score"], row["pg"], look=by_teacher[row["teacher"]], size=6)
        legend(figure, [handle(look, context.model(name)) for name, look in by_teacher.items()])
    axes.locator_params(axis="x", nbins=5)
    axes.set(xlabel=f"{SCORE} of its students", ylabel=PG)
    axes.margins(x=0.12, y=0.1)
    rho = teachers["student_score"].corr(teachers["pg"], method="spearman")
    axes.set_title(f"Spearman {minus(number(rho, 2, sign=True))}, {len(teachers)} teachers")
    return figure


def _named_beside(context: Context, axes: Axes, teachers: pd.DataFrame) -> None:
    """Names beside the points, moved apart."""
    left = teachers["student_score"] > teachers["student_score"].quantile(0.6)
    for side, align, shift in ((left, "right", -7), (~left, "left", 7)):
        own = teachers[side]
        for row, place in zip(own.to_dict("records"), spread(list(own["pg"]), 0.07), strict=True):
            axes.annotate(
                context.model(row["teacher"]),
                (row["student_score"], place),
                xytext=(shift, 0),
                textcoords="offset points",
                fontsize=7,
                va="center",
                ha=align,
            )


def parts(context: Context, parts: pd.DataFrame) -> Figure:
    """Students by language: with a constant M-RewardBench part, with another student's, with one of their own."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    figure, axes = plt.subplots()
    langs = sorted(parts["lang"].unique(), reverse=True)
    constant = parts["constant"].notna()
    groups = {
        "a constant": (constant, "#A03000", "", "white"),
        "another student's": (~constant & (parts["alike"] > 1), "#E69F00", "////", "black"),
        "its own": (~constant & (parts["alike"] == 1), "#D9D9D9", "", "black"),
    }
    start = np.zeros(len(langs))
    entries = []
    for label, (chosen, colour, hatch, ink) in groups.items():
        counts = parts[chosen].groupby("lang").size().reindex(langs, fill_value=0).to_numpy(dtype=float)
        axes.barh(range(len(langs)), counts, left=start, height=0.7, color=colour, hatch=hatch, edgecolor="white", linewidth=0.6)
        box = {"facecolor": colour, "edgecolor": "none", "pad": 1} if hatch else None
        for place, (left, count) in enumerate(zip(start, counts, strict=True)):
            if count:
                text: dict[str, Any] = {"ha": "center", "va": "center", "color": ink, "fontsize": 8, "bbox": box}
                axes.text(left + count / 2, place, f"{count:.0f}", **text)
        entries.append(Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=label))
        start += counts
    axes.set_yticks(range(len(langs)), [context.language(lang) for lang in langs])
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_xlabel("students, by their M-RewardBench part")
    legend(figure, entries)
    return figure
