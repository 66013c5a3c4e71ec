"""Text that fits: no label of a figure is cut, and none lies on another, whatever the figure's width.

`fit` is applied to every figure before it is saved; `problems` says what is left, and is what the tests look at.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

SLACK = 1.5
"""Pixels by which text boxes may touch: they are a little larger than the letters in them."""
WORDS = re.compile(r"(\s+|[^\s/_-]*[/_-])")
"""What lines are broken after."""
LEAST_LETTERS = 5
"""Letters that a line keeps."""
ROUNDS = 24
"""Steps in which a figure is made to fit; each needs a layout."""
MOST_GROWTH = 2.6
"""Times its height that a figure may become to make its text fit."""
NAMES = 0.4
"""Share of a figure's width for names of rows."""
LITTLE = 0.85
"""The factor by which names of rows shrink at most before they are wrapped."""
SMALLEST = 5.5
"""Points below which no text shrinks."""
LEAST_PANEL = 0.45
"""Inches that a panel keeps between its axes."""


@dataclass(frozen=True)
class Shown:
    """A text that is drawn, with its box in pixels. `axis`: of a tick label."""

    text: Text
    box: Bbox
    axis: Axis | None = None
    words: str = ""
    """What it said when it was measured: panels that share an axis share its labels."""

    def __str__(self) -> str:
        return repr(self.words)


def fit(figure: Figure) -> None:
    """Make the text of a figure fit: wrapped names and titles, fewer ticks, more height, and last smaller print.

    What the panels' sizes depend on comes first, so that nothing is made smaller for a panel that is still to grow.
    """
    highest = MOST_GROWTH * figure.get_figheight()
    steps: tuple[Callable[[Figure, Sequence[Shown]], bool], ...] = (
        _names_wrapped,
        _narrow_legends,
        _labels_wrapped,
        _fewer_ticks,
        partial(_taller, highest=highest),
        _smaller,
    )
    for _ in range(ROUNDS):
        lay_out(figure)
        shown = list(shown_texts(figure))
        if not any(step(figure, shown) for step in steps):
            return


def lay_out(figure: Figure) -> None:
    """A layout on the way, which need not be possible yet; the one before saving warns if it is not."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        figure.draw_without_rendering()


def problems(figure: Figure) -> list[str]:
    """Texts outside the page, and pairs of texts that overlap; empty for a figure that fits."""
    figure.draw_without_rendering()
    shown = list(shown_texts(figure))
    found = [f"{one} is cut" for one in _outside(figure, shown)]
    found += [f"{one} lies on {other}" for one, other in _overlapping(shown)]
    return found + [f"a panel of {figure.axes.index(axes)} has no room" for axes in _flat(figure)]


def _axes_of(axes: Axes) -> list[Axis]:
    return [axis for one in (axes, *axes.child_axes) for axis in (one.xaxis, one.yaxis)]


def _named(axis: Axis) -> str:
    """x or y."""
    return str(getattr(axis, "axis_name", ""))


def _tick_labels(axis: Axis) -> list[Text]:
    """The labels of the ticks in view."""
    low, high = sorted(axis.get_view_interval())
    reach = 1e-6 * (high - low or 1)
    ticks = [tick for tick in axis.get_major_ticks() if low - reach <= tick.get_loc() <= high + reach]
    return [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()] if axis.get_visible() else []


def _all_labels(axis: Axis) -> list[Text]:
    """The labels of all ticks, also before a layout."""
    return list(axis.get_ticklabels()) if axis.get_visible() else []


def shown_texts(figure: Figure) -> Iterator[Shown]:
    """Every text that is drawn, once the figure is laid out."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    for text, axis in texts_of(figure, _tick_labels):
        yield Shown(text, text.get_window_extent(renderer), axis, text.get_text())


def texts_of(figure: Figure, labels: Callable[[Axis], Sequence[Text]] = _all_labels) -> Iterator[tuple[Text, Axis | None]]:
    """Every text that can be seen, and of a tick's label its axis; `labels` names those of an axis."""

    def said(texts: Sequence[Text], axis: Axis | None = None) -> Iterator[tuple[Text, Axis | None]]:
        return ((text, axis) for text in texts if text.get_visible() and text.get_text().strip())

    yield from said(figure.texts)
    for legend in [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]:
        yield from said([*legend.get_texts(), legend.get_title()])  # type: ignore[union-attr]
    for axes in figure.axes:
        if not axes.get_visible():
            continue
        yield from said([axes.title, *axes.texts, axes.xaxis.label, axes.yaxis.label])
        for axis in _axes_of(axes):
            yield from said(labels(axis), axis)


def _outside(figure: Figure, shown: Sequence[Shown]) -> list[Shown]:
    width, height = figure.bbox.width, figure.bbox.height
    return [
        one
        for one in shown
        if one.box.x0 < -SLACK or one.box.y0 < -SLACK or one.box.x1 > width + SLACK or one.box.y1 > height + SLACK
    ]


def _overlapping(shown: Sequence[Shown]) -> list[tuple[Shown, Shown]]:
    return [(one, other) for one, other in combinations(shown, 2) if _touch(one, other)]


def _touch(one: Shown, other: Shown) -> bool:
    first, second = one.box, other.box
    apart = (
        first.x1 - SLACK <= second.x0
        or second.x1 - SLACK <= first.x0
        or first.y1 - SLACK <= second.y0
        or second.y1 - SLACK <= first.y0
    )
    if apart:
        return False
    turned = math.radians(one.text.get_rotation()) if one.axis is not None and one.axis is other.axis else 0.0
    if turned:  # parallel lines of text: what counts is how far apart they are
        (x, y), (u, v) = (label.text.get_transform().transform(label.text.get_position()) for label in (one, other))
        across = abs((u - x) * math.sin(turned) - (v - y) * math.cos(turned))
        lines = max(len(label.text.get_text().splitlines()) for label in (one, other))
        return bool(across < 0.9 * lines * float(one.text.get_fontsize()) * one.text.get_figure(root=True).dpi / 72)  # type: ignore[union-attr]
    return True


def _flat(figure: Figure) -> list[Axes]:
    """Panels that the text around them has left no room."""
    least = LEAST_PANEL * figure.dpi
    shown = [axes for axes in figure.axes if axes.get_visible()]
    return [axes for axes in shown if axes.bbox.width < least or axes.bbox.height < least]


def _narrow_legends(figure: Figure, shown: Sequence[Shown]) -> bool:
    """Legends with fewer columns, until they fit."""
    changed = False
    for legend in figure.legends:
        columns = legend._ncols  # type: ignore[attr-defined]
        if columns > 1 and legend.get_window_extent().width > figure.bbox.width - 2:
            rebuilt(figure, legend, columns - 1)
            changed = True
    return changed


def rebuilt(figure: Figure, legend: Legend, columns: int) -> None:
    """Make the legend above a figure's panels anew from what it shows, in so many columns."""
    title, texts = legend.get_title(), legend.get_texts()
    size = texts[0].get_fontsize() if texts else None
    legend.remove()
    new = figure.legend(
        handles=legend.legend_handles,  # type: ignore[arg-type]
        labels=[text.get_text() for text in texts],
        loc="outside upper center",
        ncols=columns,
        handlelength=legend.handlelength,
        fontsize=size,
    )
    if title.get_text():
        from matplotlib.font_manager import FontProperties

        new.set_title(title.get_text(), prop=FontProperties(size=title.get_fontsize()))


def _fewer_ticks(figure: Figure, shown: Sequence[Shown]) -> bool:
    """Fewer ticks on axes of numbers whose labels touch; labels of names are turned."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    crowded = {id(one.axis): one.axis for one, other in _overlapping(shown) if one.axis is not None and one.axis is other.axis}
    changed = False
    for axis in crowded.values():
        locator = axis.get_major_locator()
        if isinstance(locator, MaxNLocator):
            bins = int(locator._nbins) if isinstance(locator._nbins, int) else 6  # type: ignore[attr-defined]
            if bins > 1:
                locator.set_params(nbins=bins - 1)
                changed = True
        elif isinstance(locator, FixedLocator) and _named(axis) == "x":
            changed |= _thinned(axis) if _of_numbers(axis) else _turned(axis)
    return changed


def _of_numbers(axis: Axis) -> bool:
    return all(not any(letter.isalpha() for letter in label.get_text()) for label in _tick_labels(axis))


def _thinned(axis: Axis) -> bool:
    """Every other label of fixed ticks, the last one among them."""
    places, texts = list(axis.get_ticklocs()), [label.get_text() for label in axis.get_ticklabels()]
    if len(places) != len(texts) or len(places) < 2:
        return False
    axis.set_ticks(places[::-2][::-1], texts[::-2][::-1])
    return True


def _turned(axis: Axis) -> bool:
    """Names under a panel, turned so that none lies on its neighbour."""
    labels = [label for label in axis.get_ticklabels() if label.get_rotation() == 0]
    for label in labels:
        label.set(rotation=35, ha="right", va="top", rotation_mode="anchor")
    return bool(labels)


def _names_wrapped(figure: Figure, shown: Sequence[Shown]) -> bool:
    """Lines broken whose room does not depend on the panels: names of rows, titles and notes of the figure, legends."""
    named = [
        one for one in shown if one.axis is not None and _named(one.axis) == "y" and any(map(str.isalpha, one.text.get_text()))
    ]
    columns = {_column(one.axis.axes) for one in named if one.axis is not None}
    room = NAMES * figure.bbox.width / max(1, len(columns))
    if _a_little_smaller(named, room):
        return True
    changed = [one.text.get_text() == one.words and _broken(one.text, one.box.width, room, one.axis) for one in named]
    entries = {text for legend in figure.legends for text in legend.get_texts()}
    for one in (one for one in shown if one.text.axes is None and one.axis is None):  # of the figure, or of a legend above it
        if one.text.get_rotation():
            changed.append(_broken(one.text, one.box.height, 0.98 * figure.bbox.height))
        else:
            changed.append(_broken(one.text, one.box.width, (0.8 if one.text in entries else 0.94) * figure.bbox.width))
    return any(changed)


def _a_little_smaller(named: Sequence[Shown], room: float) -> bool:
    """Names of rows in print that is a little smaller, where all of them then fit on their lines."""
    least = min((room / one.box.width for one in named), default=1.0)
    sizes = {float(one.text.get_fontsize()) for one in named}
    if not LITTLE <= least < 1 or 0.98 * least * min(sizes) < SMALLEST:
        return False
    for axis in {id(one.axis): one.axis for one in named if one.axis is not None}.values():
        axis.set_tick_params(labelsize=0.98 * least * min(sizes))
    return True


def _column(axes: Axes) -> int:
    """The column of panels that a panel, or one beside it, stands in."""
    place = axes.get_subplotspec()
    return place.colspan.start if place else -1


def _labels_wrapped(figure: Figure, shown: Sequence[Shown]) -> bool:
    """Titles, labels and words in panels broken that are longer than their panel."""
    changed = []
    for axes in (axes for axes in figure.axes if axes.get_visible()):
        place = axes.get_position(original=True)  # a square panel may be smaller than its place
        width, height = place.width * figure.bbox.width, place.height * figure.bbox.height
        rooms = [(axes.title, 1.05 * width), (axes.xaxis.label, 1.15 * width), *((text, 0.97 * width) for text in axes.texts)]
        changed += [_broken(text, text.get_window_extent().width, room) for text, room in rooms if text.get_visible()]
        changed.append(_broken(axes.yaxis.label, axes.yaxis.label.get_window_extent().height, 1.1 * height))
    return any(changed)


def _broken(text: Text, length: float, room: float, axis: Axis | None = None) -> bool:
    """Break the lines of a text that is longer than its room; both in pixels along the text."""
    old = text.get_text()
    longest = max(map(len, old.splitlines()), default=0)
    if length <= room or longest < 4:
        return False
    found = old
    for width in range(min(longest, math.ceil(1.3 * longest * room / length)), LEAST_LETTERS, -1):
        found = "\n".join(_lines(line, width) for line in old.splitlines())
        text.set_text(found)
        if _along(text) <= room:
            break
    text.set_text(old)
    if found == old:
        return False
    tell(text, found, axis)
    return True


def _along(text: Text) -> float:
    """How long the longest line of a text is, in pixels."""
    box = text.get_window_extent()
    return float(box.height if text.get_rotation() == 90 else box.width)


def _lines(text: str, width: int) -> str:
    """A text in lines of a width in letters; broken at spaces, after - _ and /, and anywhere in scripts without spaces."""
    without_spaces = any(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    wrapper = textwrap.TextWrapper(width, break_long_words=without_spaces)
    wrapper.wordsep_re = WORDS  # type: ignore[misc]  # textwrap's own does not break before a digit
    return wrapper.fill(text)


def tell(text: Text, found: str, axis: Axis | None = None) -> None:
    """Print something else; a tick's label is kept by its axis."""
    labels = axis.get_ticklabels() if axis is not None else []
    if axis is not None and text in labels:
        axis.set_ticks(axis.get_ticklocs(), [found if label is text else label.get_text() for label in labels])
    else:
        text.set_text(found)


def _taller(figure: Figure, shown: Sequence[Shown], *, highest: float) -> bool:
    """More height, up to the highest in inches, where panels have no room, or where texts above one another touch."""
    height = figure.get_figheight()
    crowded = [one for one, other in _overlapping(shown) if one.axis is None or _named(one.axis) == "y" or other.axis is None]
    cut = [one for one in _outside(figure, shown) if one.box.y0 < -SLACK or one.box.y1 > figure.bbox.height + SLACK]
    if 1.2 * height > highest or not (_flat(figure) or crowded or cut):
        return False
    figure.set_figheight(height * 1.2)
    return True


def _smaller(figure: Figure, shown: Sequence[Shown]) -> bool:
    """Smaller print for texts that are cut or lie on others."""
    touched = [*_outside(figure, shown), *(one for pair in _overlapping(shown) for one in pair)]
    changed = False
    for text in {id(one.text): one.text for one in touched}.values():
        size = float(text.get_fontsize())
        if size > SMALLEST:
            text.set_fontsize(max(SMALLEST, 0.92 * size))
            changed = True
    return changed
