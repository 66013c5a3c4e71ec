"""How a figure is drawn and saved: in its look, with its text made to fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyglot.core.errors import WrongInput
from polyglot.core.files import atomic
from polyglot.core.key_finder import KeyFinder
from polyglot.core.lookup import unknown
from polyglot.core.text import visible
from polyglot.displays.context import Context
from polyglot.displays.figures.fit import fit, lay_out, rebuilt, shown_texts, tell, texts_of
from polyglot.displays.figures.style import families
from polyglot.study.figures import Look

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

LITERAL: dict[Any, Any] = {"text.usetex": False, "text.parse_math": False}
"""No text of a figure is a formula or a command of TeX."""


def draw(
    make: Callable[[Context], Figure], context: Context, look: Look, outputs: Sequence[Path], *, style: Path, name: str = ""
) -> None:
    """Draw a figure and save it to every output; the same data give the same bytes.

    Args:
        make: makes the figure, in the look of usual text.
        style: the shared style.
        name: of the figure, for messages.

    Raises:
        WrongInput: an unknown font, or a label for what the figure does not say; names the key and the nearest.
    """
    with drawn(make, context, look, style=style, name=name) as figure:
        for output in outputs:
            kind = Path(output).suffix[1:]
            metadata: Mapping[str, Any] = {"CreationDate": None} if kind == "pdf" else {"Software": None}
            with atomic(Path(output)) as partial:
                figure.savefig(partial, format=kind, metadata=dict(metadata))


@contextmanager
def drawn(make: Callable[[Context], Figure], context: Context, look: Look, *, style: Path, name: str = "") -> Iterator[Figure]:
    """The figure as it is saved, within the style that saving needs; see `draw`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.font_manager import FontProperties

    fonts = [*([look.font] if look.font and _known(look.font, name) else []), *families()]
    labels = dict(look.labels or {})
    with plt.style.context(style):
        room = (look.width / look.scale, look.height / look.scale)
        plt.rcParams.update({"font.family": list(dict.fromkeys(fonts)), "figure.figsize": room})
        plt.rcParams.update(LITERAL)
        figure = make(dressed(context, look.colours or {}, labels))
        _plain(figure)
        others = {text: label for text, label in labels.items() if text not in _named(context)}
        _relabel(figure, others, [text for text in look.asked if text in others], name)
        if look.title and figure.legends:
            figure.legends[0].set_title(look.title, prop=FontProperties(size=plt.rcParams["figure.titlesize"]))
        elif look.title:
            figure.suptitle(look.title)
        magnify(figure, look.scale)
        fit(figure)
        yield figure
        plt.close(figure)


def dressed(context: Context, colours: Mapping[str, str], labels: Mapping[str, str]) -> Context:
    """The context with names and colours of a study's own for models and languages."""
    models = {key: {**facts, "label": labels.get(key, facts["label"])} for key, facts in context.models.items()}
    languages = {
        code: {**facts, "name": labels[code], "endonym": None} if code in labels else facts
        for code, facts in context.languages.items()
    }
    return replace(context, models=models, languages=languages, colours=dict(colours))


def magnify(figure: Figure, factor: float) -> None:
    """Enlarge a figure with all that is in it: its size, text, lines and markers."""
    from matplotlib.collections import Collection, PathCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    if factor == 1:
        return
    lay_out(figure)  # ticks are made when they are drawn
    found: list[Artist] = [*dict.fromkeys(figure.findobj())]
    ticks = [(axis, axis.get_tick_params()) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for artist in found:
        if isinstance(artist, Text):
            artist.set_fontsize(factor * float(artist.get_fontsize()))
        elif isinstance(artist, Line2D):
            artist.set_linewidth(factor * artist.get_linewidth())
            artist.set_markersize(factor * artist.get_markersize())
            artist.set_markeredgewidth(factor * artist.get_markeredgewidth())
        elif isinstance(artist, Collection):
            artist.set_linewidth([factor * width for width in np.atleast_1d(artist.get_linewidth())])
            if isinstance(artist, PathCollection):
                artist.set_sizes([factor**2 * size for size in artist.get_sizes()])
        elif isinstance(artist, Patch):
            artist.set_linewidth(factor * artist.get_linewidth())
    for axis, known in ticks:
        kept = {
            key: factor * known[key] for key in ("labelsize", "length", "width", "pad") if isinstance(known.get(key), int | float)
        }
        sizes = [label.get_fontsize() for label in axis.get_ticklabels()]
        axis.set_tick_params(**kept)
        for label, size in zip(axis.get_ticklabels(), sizes, strict=False):
            label.set_fontsize(size)
    for legend in list(figure.legends):
        rebuilt(figure, legend, legend._ncols)  # type: ignore[attr-defined]
    width, height = figure.get_size_inches()
    figure.set_size_inches(factor * width, factor * height)


def _plain(figure: Figure) -> None:
    """Spell out control characters in a figure's texts, and take keys out: nobody could find them in the picture."""
    keys = KeyFinder.here()
    for text, axis in list(texts_of(figure)):
        safe = visible(keys.clean(text.get_text()))
        if safe != text.get_text():
            tell(text, safe, axis)


def _known(font: str, name: str) -> bool:
    """Whether a font is installed; an error if not."""
    from matplotlib.font_manager import FontProperties, findfont, get_font_names

    try:
        findfont(FontProperties(family=font), fallback_to_default=False)
    except ValueError:
        raise WrongInput(f"figures.{name}.font: {unknown('font', font, sorted(get_font_names()), 'installed are')}") from None
    return True


def _named(context: Context) -> set[str]:
    """What is labelled by its id: models and languages."""
    return {*context.models, *context.languages}


def _relabel(figure: Figure, labels: Mapping[str, str], asked: Sequence[str], name: str) -> None:
    """Print other texts; whole ones, or whole lines of them. Those that are asked for must be there."""
    if not labels:
        return
    lay_out(figure)
    texts = [(one.text, one.axis) for one in shown_texts(figure)]
    said = {part for text, _ in texts for part in (text.get_text(), *text.get_text().splitlines())}
    for label in asked:
        if label not in said:
            raise WrongInput(
                f"figures.{name}.labels: {unknown('text', label, sorted(filter(str.strip, said)), 'the figure has')}"
            )
    for text, axis in texts:
        old = text.get_text()
        new = labels.get(old, "\n".join(labels.get(line, line) for line in old.splitlines()))
        if new != old:
            tell(text, new, axis)
