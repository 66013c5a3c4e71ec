"""The style of all figures: colours with markers, points with intervals, language names, missing cells, legends, saving."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import minus
from polyglot.displays.numbers import FLAG, number

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
"""Okabe & Ito palette, with grey instead of yellow, which is too pale for points."""
MARKERS = ("o", "s", "^", "v", "P", "*", "<", ">", "d", "h")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
SIZES = {"*": 1.45, "P": 1.15, "^": 1.1, "v": 1.1, "<": 1.1, ">": 1.1, "s": 0.9, "h": 1.1, "d": 1.15}
"""Factors that make markers look equally large."""
READABLE = 3.6
"""Points of the smallest print of intervals, for text of the usual size."""
WIDE = 5.5
"""Inches of a figure, for text of the usual size, that has room for words beside or below its points."""
DARK, GREY, PALE = "#333333", "#8A8A8A", "#F3F3F3"


@dataclass(frozen=True)
class Look:
    """The look of one series: colour, and redundantly marker and line; a higher order is drawn on top."""

    colour: str = "#000000"
    marker: str = "D"
    line: Any = "-"
    order: float = 3


AVERAGE = Look()


def looks(names: Iterable[str], colours: Mapping[str, str] | None = None) -> dict[str, Look]:
    """A look for each name, by its position.

    Args:
        colours: those that are chosen, by name; other names get none of them, as long as there are others.
    """
    names, chosen = list(names), colours or {}
    taken = {colour.upper() for name, colour in chosen.items() if name in names}
    free = cycle([colour for colour in COLOURS if colour not in taken] or COLOURS)
    return {
        name: Look(chosen.get(name) or next(free), MARKERS[place % len(MARKERS)], LINES[place % len(LINES)])
        for place, name in enumerate(names)
    }


@cache
def families() -> tuple[str, ...]:
    """Font families in the order they are searched for a character; the Japanese one only if its package is installed."""
    from matplotlib import font_manager

    found = ["DejaVu Sans"]
    package = importlib.util.find_spec("matplotlib_fontja")
    path = Path(package.origin or "").parent / "fonts/ipaexg.ttf" if package else None
    if path and path.exists():
        font_manager.fontManager.addfont(path)
        found.append(str(font_manager.get_font(path).family_name))
    return tuple(found)


@cache
def drawable(text: str) -> bool:
    """Whether the fonts have every character of a text."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [get_font(findfont(FontProperties(family=family))) for family in families()]
    return all(any(font.get_char_index(ord(character)) for font in fonts) for character in text if not character.isspace())


def language_label(
    context: Context, code: str, base: str | None = None, *, endonym: bool = True, width: int | None = None
) -> str:
    """A language's English name, then its own name in its own script, then its flag.

    The English name comes first, so that the label reads from left to right.

    Args:
        width: characters per line; the native name then starts a new line.
    """
    flag = f" {FLAG}" if context.is_flagged(code, base) else ""
    name = context.language(code, base).removesuffix(flag) if flag else context.language(code, base)
    own = str(context.languages.get(code, {}).get("endonym") or "")
    if not endonym or own.lower() in ("", name.lower()) or not drawable(own):
        return name + flag
    return f"{name} · {own}{flag}" if width is None else f"{name}{flag}\n{textwrap.fill(own, width)}"


def points(
    axes: Axes,
    x: Any,
    y: Any,
    ends: tuple[Any, Any] = (np.nan, np.nan),
    *,
    look: Look,
    hollow: bool = False,
    vertical: bool = False,
    size: float = 5,
) -> None:
    """Points with their intervals, if any, along x (or y); missing values are skipped.

    Args:
        x, y: positions of n points, or of one.
        ends: low and high ends of their intervals.
        look: colour and marker.
        hollow: whether markers are hollow, as for flagged languages.
        vertical: whether intervals are along y.
        size: marker size in points.
    """
    x, y, low, high = (np.asarray(value, dtype=float) for value in np.broadcast_arrays(x, y, *ends))
    bars = axes.vlines if vertical else axes.hlines
    bars(x if vertical else y, low, high, color=look.colour, linewidth=1.3, zorder=look.order - 0.5)
    style = marker_style(look, hollow=hollow, size=size)
    edge = {} if np.isnan(low).all() else {"markeredgecolor": look.colour}
    axes.plot(x, y, zorder=look.order, **style | edge)


def row_points(
    axes: Axes,
    context: Context,
    names: Sequence[str],
    x: Any,
    ends: tuple[Any, Any],
    *,
    look: Look,
    hollow: bool = False,
    size: float,
) -> None:
    """Points with their intervals, one a row, from row 0 on; in the colours that are chosen for the rows' names.

    Args:
        names: models, one a row.
        x, ends: see `points`.
    """
    x, low, high = (np.asarray(value, dtype=float) for value in np.broadcast_arrays(x, *ends))
    own = np.array([name in context.colours for name in names], dtype=bool)
    rest = np.flatnonzero(~own)
    points(axes, x[rest], rest, (low[rest], high[rest]), look=look, hollow=hollow, size=size)
    for row in np.flatnonzero(own):
        coloured = replace(look, colour=context.colours[names[int(row)]])
        points(axes, x[row], row, (low[row], high[row]), look=coloured, hollow=hollow, size=size)


def marker_style(look: Look, *, hollow: bool = False, size: float = 5) -> dict[str, Any]:
    return {
        "marker": look.marker,
        "linestyle": "none",
        "color": look.colour,
        "markerfacecolor": "white" if hollow else look.colour,
        "markeredgecolor": look.colour if hollow else "white",
        "markeredgewidth": 1.1 if hollow else 0.4,
        "markersize": size * SIZES.get(look.marker, 1),
    }


def handle(look: Look, label: str, *, hollow: bool = False, size: float = 5.5, line: bool = False) -> Line2D:
    """A legend entry."""
    from matplotlib.lines import Line2D

    style = marker_style(look, hollow=hollow, size=size)
    return Line2D([], [], label=label, **(style | {"linestyle": look.line if line else "none"}))


def cross(axes: Axes, y: Any, x: float = 0.5) -> None:
    """A cross in the row `y` of a panel, for a missing measurement."""
    axes.plot(np.full(np.shape(y), x), y, transform=axes.get_yaxis_transform(), zorder=4, **CROSS)


CROSS: dict[str, Any] = {"marker": "x", "linestyle": "none", "color": DARK, "markersize": 5, "markeredgewidth": 1.4}


def cross_handle(label: str = "no measurement") -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **CROSS)


def flag_handle() -> Line2D:
    """The legend entry of hollow markers."""
    return handle(Look("#555555", "o"), f"{FLAG} flagged language", hollow=True)


def legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """A legend above the panels, in as few rows as fit."""
    if not handles:
        return
    lengths = [len(str(entry.get_label())) for entry in handles]
    rows = next(
        rows
        for rows in range(1, len(handles) + 1)
        if rows == len(handles)
        or sum(max(lengths[first : first + rows]) * 4.5 + 34 for first in range(0, len(handles), rows))
        < figure.get_figwidth() * 72
    )
    lines = any(getattr(entry, "get_linestyle", str)() not in ("", "None", "none") for entry in handles)
    columns = -(-len(handles) // rows)
    figure.legend(handles=list(handles), loc="outside upper center", ncols=columns, handlelength=2.6 if lines else 1.6)


def panels(
    count: int,
    *,
    least: float = 1.6,
    sharex: bool = False,
    sharey: bool = False,
    width_ratios: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """Panels side by side, as many as fit in the figure's width; the others below, and the figure is higher then.

    Args:
        count: panels, at least one.
        least: inches that a panel needs, names of rows included.
        width_ratios: of the panels, where all stand in one row.
    """
    import matplotlib.pyplot as plt

    width, height = plt.rcParams["figure.figsize"]
    columns = max(1, min(count, int(width / least)))
    rows = -(-count // columns)
    columns = -(-count // rows)
    ratios = width_ratios if rows == 1 else None
    figure, grid = plt.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey, width_ratios=ratios)
    if rows > 1:
        figure.set_figheight(height * (0.3 + 0.45 * rows))
    hide_rest(grid, count)
    return figure, list(grid.flat[:count])


def hide_rest(grid: Any, count: int) -> None:
    """Hide the panels of a grid after the first `count`; those above them get the labels of a last row."""
    columns = grid.shape[1]
    for place, axes in enumerate(grid.flat):
        axes.set_visible(place < count)
        if place < count <= place + columns:
            axes.tick_params(axis="x", labelbottom=True)


def narrow(columns: int, each: float, names: float = 0.0) -> int:
    """The number of columns of panels that fit in the figure's width, with as few empty places as the rows that these need allow.

    Args:
        columns: the columns where there is room, or the panels.
        each: inches of a panel. names: inches of the names beside the first.
    """
    import matplotlib.pyplot as plt

    width, _ = plt.rcParams["figure.figsize"]
    fitting = max(1, min(columns, int((width - names) / each)))
    return -(-columns // -(-columns // fitting))


def bottom(figure: Figure, label: str = "", *notes: str) -> None:
    """The shared label of all panels, and notes, below the panels."""
    width = int(figure.get_figwidth() * 72 / 4.4)
    lines = [label] * bool(label) + [textwrap.fill(note, width, break_on_hyphens=False) for note in notes if note]
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=8 if label else 7.5, color=DARK if label else "#555555")


def log_axis(axes: Axes, values: pd.Series) -> None:
    """A logarithmic axis with plain numbers."""
    from matplotlib.ticker import NullFormatter

    ends = values.min() / 1.5, values.max() * 1.5
    axes.set_xscale("log")
    ticks = [digit * 10.0**power for power in range(-5, 3) for digit in (1, 2, 5)]
    axes.set_xticks([tick for tick in ticks if ends[0] <= tick <= ends[1]])
    axes.set_xlim(*ends)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def nothing(axes: Axes, text: str) -> None:
    """Print in a panel why it is empty."""
    axes.text(0.5, 0.5, textwrap.fill(text, 28), transform=axes.transAxes, ha="center", va="center", color="#555555", fontsize=8)
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Positions for labels near their values, at least `gap` apart, in the same order."""
    order = np.argsort(values, kind="stable")
    blocks: list[list[float]] = []
    for value in np.asarray(values, dtype=float)[order]:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            centre, count = blocks.pop()
            total = blocks[-1][1] + count
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + centre * count) / total, total]
    placed = [centre + gap * (place - (count - 1) / 2) for centre, count in blocks for place in range(int(count))]
    found = np.empty(len(placed))
    found[order] = placed
    return [float(value) for value in found]


def heat_map(axes: Axes, wide: pd.DataFrame, low: pd.DataFrame, high: pd.DataFrame, *, inches: float) -> bool:
    """Correlations as squares: colour centred at 0, the number in each, and its interval in small print; NaN is white.

    Args:
        inches: width of each square.

    Returns:
        Whether the intervals are there; squares that are too narrow have none, and numbers without sign and 0 before the point.
    """
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("signed", ["#C04F00", "#F1B384", "#FAFAFA", "#7FB8DC", "#005C92"])
    size = float(np.clip(inches * 14, 5.5, 11))
    small = min(0.75 * size, inches * 8.3)
    narrow = small < READABLE
    size = float(np.clip(inches * 26, 5.5, 9)) if narrow else size
    values = wide.to_numpy(dtype=float)
    rows, columns = values.shape
    axes.pcolormesh(values, cmap=colours, vmin=-1, vmax=1, edgecolors="white", linewidth=1.5)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        red, green, blue, _ = colours((value + 1) / 2)
        colour = "white" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.18 else "black"
        ends = [float(frame.to_numpy(dtype=float)[row, column]) for frame in (low, high)]
        known = not narrow and not np.isnan(ends).any()
        said = minus(number(value, 2, sign=not narrow))
        axes.text(column + 0.5, row + (0.4 if known else 0.5), said.replace("0.", ".") if narrow else said, color=colour,
                  fontsize=size, ha="center", va="center")  # fmt: skip
        if known:
            text = " … ".join(minus(number(end, 2)) for end in ends)
            axes.text(column + 0.5, row + 0.74, text, color=colour, fontsize=small, ha="center", va="center")
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.set_xticks(np.arange(columns) + 0.5, list(wide.columns))
    axes.set_yticks(np.arange(rows) + 0.5, list(wide.index))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return not narrow
