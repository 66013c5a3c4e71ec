"""Figures: each a function from small tables to a matplotlib figure; intervals wherever a number has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyglot.files import atomic
from polyglot.scores import Definition
from polyglot.synthesis import STATUSES
from polyglot.tables import FLAG

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*"
STATUS_STYLES = {
    "ok": ("#009E73", ""),
    "invalid_json": ("#E69F00", "////"),
    "empty": ("#999999", "...."),
    "truncated": ("#56B4E9", "\\\\\\\\"),
    "wrong_language": ("#CC79A7", "xxxx"),
    "benchmark_item": ("#0072B2", "++++"),
}


class Labels:
    """Names of teachers and languages, and which languages are flagged."""

    def __init__(self, teachers: Mapping[str, str], languages: Mapping[str, str], flagged: Sequence[str] = ()) -> None:
        self._teachers, self._languages, self.flagged = teachers, languages, set(flagged)

    def teacher(self, name: str) -> str:
        return self._teachers.get(name, name)

    def language(self, code: str) -> str:
        name = self._languages.get(code, code)
        return f"{name} {FLAG}" if code in self.flagged else name


def pg_score(cells: pd.DataFrame, teachers: pd.DataFrame, labels: Labels, definition: Definition) -> Figure:
    """PG-Score by teacher and language: one row a teacher, best on top; the diamond is the average over languages."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    column = f"pg_{definition}"
    order = list(teachers["teacher"])[::-1]
    langs = sorted(cells["lang"].unique())
    offsets = np.linspace(0.28, -0.28, len(langs)) if len(langs) > 1 else [0.0]
    for number, (lang, offset) in enumerate(zip(langs, offsets, strict=True)):
        rows = cells[cells["lang"] == lang].set_index("teacher").loc[order]
        place = np.arange(len(order)) + offset
        _points(axes, rows[column], place, rows[f"{column}_low"], rows[f"{column}_high"], number, labels.language(lang),
                hollow=lang in labels.flagged)  # fmt: skip
    mean = teachers.set_index("teacher").loc[order]
    place = np.arange(len(order))
    _points(axes, mean[column], place, mean[f"{column}_low"], mean[f"{column}_high"], None, "average", hollow=False)
    axes.set_yticks(place, [labels.teacher(name) for name in order])
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel(f"PG-Score ({definition})")
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=len(langs) + 1)
    return figure


def _points(
    axes: Axes, x: pd.Series, y: Any, low: pd.Series, high: pd.Series, number: int | None, label: str, *, hollow: bool
) -> None:
    """Points with horizontal intervals where there are any; `number` None is the average."""
    colour = "black" if number is None else f"C{number}"
    marker = "D" if number is None else MARKERS[number % len(MARKERS)]
    reach = None if low.isna().all() else np.clip(np.vstack([x - low, high - x]), 0, None)
    axes.errorbar(
        x, y, xerr=reach, fmt=marker, color=colour, label=label, markersize=7 if number is None else 5,
        markerfacecolor="white" if hollow else colour, elinewidth=1, zorder=4 if number is None else 3,
    )  # fmt: skip


def intrinsic_extrinsic(cells: pd.DataFrame, labels: Labels) -> Figure:
    """Extrinsic against intrinsic score, one point a cell: do the data's own measurements foretell the student?"""
    import matplotlib.pyplot as plt
    from scipy.stats import spearmanr

    figure, axes = plt.subplots()
    known = "standardised_gain" in cells.columns
    column = "standardised_gain" if known else "pgr_released"
    teachers = sorted(cells["teacher"].unique())
    langs = sorted(cells["lang"].unique())
    for (teacher, lang), rows in cells.groupby(["teacher", "lang"]):
        row = rows.iloc[0]
        colour = plt.get_cmap("tab10")(teachers.index(teacher) % 10)
        reach_x = (
            None
            if pd.isna(row["intrinsic_low"])
            else [[row["intrinsic"] - row["intrinsic_low"]], [row["intrinsic_high"] - row["intrinsic"]]]
        )
        axes.errorbar(
            row["intrinsic"], row[column], xerr=None if reach_x is None else np.clip(reach_x, 0, None), yerr=1 if known else None,
            fmt=MARKERS[langs.index(lang) % len(MARKERS)], color=colour, elinewidth=0.7, alpha=0.9,
            markerfacecolor="white" if lang in labels.flagged else colour,
        )  # fmt: skip
    for number, teacher in enumerate(teachers):
        axes.plot([], [], "s", color=plt.get_cmap("tab10")(number % 10), label=labels.teacher(teacher))
    for number, lang in enumerate(langs):
        axes.plot([], [], MARKERS[number % len(MARKERS)], color="#555555", label=labels.language(lang))
    if len(cells) > 2:
        rho = spearmanr(cells["intrinsic"], cells[column])
        axes.set_title(f"Spearman ρ = {rho.statistic:.2f} (n = {len(cells)} cells, p = {rho.pvalue:.2g})", loc="left")
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel("intrinsic score (mean z over diversity, reward, −log perplexity)")
    axes.set_ylabel("gain over the base, in standard errors" if known else "performance gap recovered (PGR)")
    figure.legend(loc="outside right center")
    return figure


def gain(cells: pd.DataFrame, teachers: pd.DataFrame, labels: Labels, confidence: float) -> Figure:
    """Students' mean benchmark score by language, with base and reference as lines; bars are intervals of the gain."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D
    from scipy.stats import norm

    langs = sorted(cells["lang"].unique())
    figure, panels = plt.subplots(1, len(langs), sharey=True, squeeze=False)
    order = list(teachers["teacher"])
    wide = norm.ppf((1 + confidence) / 2)
    for number, (axes, lang) in enumerate(zip(panels[0], langs, strict=True)):
        rows = cells[cells["lang"] == lang].set_index("teacher").loc[order]
        base, reference, gap_se = rows["base"].iloc[0], rows["reference"].iloc[0], rows["gap_se"].iloc[0]
        axes.axhline(base, color="#555555", linestyle="--", label="base")
        axes.axhline(reference, color="#555555", linestyle="-", label="reference")
        axes.axhspan(reference - wide * gap_se, reference + wide * gap_se, color="#bbbbbb", alpha=0.35, linewidth=0)
        place = np.arange(len(order))
        axes.errorbar(place, rows["student"], yerr=wide * rows["gain_se"], fmt="o", color=f"C{number}", label="_student")
        axes.set_xticks(place, [labels.teacher(name) for name in order], rotation=40, ha="right")
        axes.set_xlim(-0.6, len(order) - 0.4)
        axes.set_title(labels.language(lang))
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("mean benchmark score")
    handles, names = panels[0][0].get_legend_handles_labels()
    student = Line2D([], [], marker="o", linestyle="", color="#333333")
    figure.legend(
        [*handles, student], [*names, f"student ({confidence:.0%} interval of its gain)"], loc="outside upper center", ncols=3
    )
    return figure


def synthesis_yield(synthesis_yield: pd.DataFrame, teachers: Sequence[str], labels: Labels) -> Figure:
    """Share of answers by status, one bar a teacher and method, over all languages and seeds."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    methods = [method for method in ("generate", "translate", "respond") if method in set(synthesis_yield["method"])]
    figure, panels = plt.subplots(1, len(methods), sharey=True, squeeze=False)
    order = list(teachers)[::-1]
    for axes, method in zip(panels[0], methods, strict=True):
        part = synthesis_yield[synthesis_yield["method"] == method]
        counts = part.pivot_table(index="teacher", columns="status", values="count", aggfunc="sum", fill_value=0).reindex(order)
        total = counts.sum(axis=1)
        left = np.zeros(len(order))
        for status in STATUSES:
            share = (counts[status] / total if status in counts.columns else total * 0).to_numpy()
            colour, hatch = STATUS_STYLES[status]
            axes.barh(np.arange(len(order)), share, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4)
            left += share
        if "ok" in counts.columns:
            for place, (ok, asked) in enumerate(zip(counts["ok"] / total, total, strict=True)):
                axes.text(0.02, place, f"{ok:.0%} of {int(asked)}", va="center", color="white", fontsize=7, fontweight="bold")
        axes.set_title(method)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1])
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.grid(axis="y", visible=False)
    panels[0][0].set_yticks(np.arange(len(order)), [labels.teacher(name) for name in order])
    used = [status for status in STATUSES if status in set(synthesis_yield["status"])]
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=STATUS_STYLES[name][0], hatch=STATUS_STYLES[name][1], edgecolor="white")
        for name in used
    ]
    figure.legend(handles, [name.replace("_", " ") for name in used], loc="outside upper center", ncols=len(used))
    return figure


def draw(
    make: Callable[[], Figure], outputs: Sequence[Path], *, style: Path, width: float, height: float, title: str | None
) -> None:
    """Draw a figure in the shared style and save it to every output; the same data give the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.style.context(style):
        figure = make()
        figure.set_size_inches(width, height)
        if title:
            figure.suptitle(title)
        for output in outputs:
            kind = Path(output).suffix[1:]
            metadata = {"CreationDate": None} if kind == "pdf" else {"Software": None}
            with atomic(Path(output)) as partial:
                figure.savefig(partial, format=kind, metadata=metadata)
        plt.close(figure)
