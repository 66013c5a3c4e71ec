"""The ranking's figure: teachers side by side, a panel for each thing that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.style import AVERAGE, cross, handle, language_label, legend, looks, panels, points
from polyglot.intrinsic.metrics import PERPLEXITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {
    "score": "score\n(mean z)",
    "usable_share": "usable\nshare",
    "reward": "reward\n(1 to 5)",
    "prompt_diversity": "prompt\ndiversity",
    "response_diversity": "response\ndiversity",
    PERPLEXITIES[-1]: "median\nperplexity",
    "usd_per_usable": "USD per\n1,000 usable",
}
PER_THOUSAND = "usd_per_usable"


def rank(context: Context, order: pd.DataFrame, samples: pd.DataFrame) -> Figure:
    """One row of points a teacher, best at the top; one colour a language, and the mean score in black."""
    teachers = list(order["teacher"])[::-1]
    langs = list(dict.fromkeys(samples["lang"]))
    names = [name for name in PANELS if name in samples.columns and samples[name].notna().any()]
    figure, shown = panels(len(names), least=0.95, sharey=True)
    styles = looks(langs, context.colours)
    for axes, name in zip(shown, names, strict=True):
        scale = 1000 if name == PER_THOUSAND else 1
        for place, lang in enumerate(langs):
            rows = samples[samples["lang"] == lang].set_index("teacher").reindex(teachers)
            heights = np.arange(len(teachers)) + (place - (len(langs) - 1) / 2) * 0.6 / max(1, len(langs))
            ends = (scale * rows[f"{name}_low"].to_numpy(), scale * rows[f"{name}_high"].to_numpy())
            points(axes, scale * rows[name].to_numpy(), heights, ends, look=styles[lang], size=4)
            if name == "score":
                cross(axes, heights[rows[name].isna().to_numpy()])
        axes.set_xlabel(PANELS[name], fontsize=8)
        axes.tick_params(axis="x", labelsize=7)
        axes.locator_params(axis="x", nbins=3)
        axes.grid(axis="y", visible=False)
    _means(shown[0], order, teachers)
    shown[0].set_yticks(np.arange(len(teachers)), [context.model(name) for name in teachers])
    shown[0].set_ylim(-0.6, len(teachers) - 0.4)
    legend(figure, [*(handle(styles[lang], language_label(context, lang)) for lang in langs), handle(AVERAGE, "mean")])
    return figure


def _means(axes: Axes, order: pd.DataFrame, teachers: list[str]) -> None:
    rows = order.set_index("teacher").reindex(teachers)
    points(axes, rows["score"], np.arange(len(teachers)), (rows["score_low"], rows["score_high"]), look=AVERAGE, size=5)
    axes.axvline(0, color="#8A8A8A", linewidth=0.8)
