"""The study's answer as a picture: teachers with their scores and intervals."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import interval_text, main_rows
from polyglot.displays.figures.style import COLOURS, GREY, Look, bottom, cross, nothing, row_points
from polyglot.displays.words import flag_line, hole_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, LINE, REST = 0.32, 0.16, 0.9
"""Inches of a teacher's row, of a line of its name, and of all else."""
LETTERS = 22
"""Letters of a name on a line."""


def leaderboard(
    context: Context, teachers: pd.DataFrame, gaps: pd.DataFrame | None = None, holes: pd.DataFrame | None = None
) -> Figure:
    """Teachers by mean PG-Score, best on top, each with its interval and its number; small enough for a phone."""
    import matplotlib.pyplot as plt

    rows = main_rows(context, teachers)
    figure, axes = plt.subplots()
    names = [textwrap.fill(context.model(name), LETTERS) for name in rows["teacher"]]
    row = max([ROW, *(LINE * len(name.splitlines()) for name in names)])
    figure.set_figheight(max(figure.get_figheight(), row * len(rows) + REST))
    if rows.empty:
        nothing(axes, "no teacher was scored")
        return figure
    column = f"pg_{context.definition}"
    y = np.arange(len(rows))
    value, low, high = (rows[f"{column}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
    row_points(axes, context, list(rows["teacher"]), value, (low, high), look=Look(COLOURS[0], "o"), size=6)
    cross(axes, y[np.isnan(value)])
    axes.set_yticks(y, names)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.08)
    axes.grid(axis="y", visible=False)
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(y, [interval_text(*ends) for ends in zip(value, low, high, strict=True)])
    numbers.tick_params(length=0, labelsize=7.5)
    numbers.spines[:].set_visible(False)
    bottom(figure, f"PG-Score ({context.definition}), mean over languages", flag_line(context), hole_line(context, holes=holes))
    return figure
