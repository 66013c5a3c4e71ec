"""The look of a study's figures: `figures` of a study, for all of them and one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from polyglot.core.section import Name, Section, Words
from polyglot.core.text import visible

ALL = "all"
"""The entry of `figures` that holds for every figure."""
TEXT_SIZE = 8.5
"""Points of a figure's plain text, as in `config/figures.mplstyle`; figures are laid out for it."""


@dataclass(frozen=True)
class Preset:
    """A width in inches, with the points of plain text that go with it, and the greatest height of a usual figure."""

    width: float
    size: float
    height: float = float("inf")


PRESETS = {
    "column": Preset(3.3, 7.5),
    "page": Preset(7.0, TEXT_SIZE),
    "slide": Preset(10.0, 14.0, height=5.6),
}
"""A column of a paper with two; the full width of a page; a slide of 16 to 9."""


def _colour(value: object) -> object:
    """What YAML made of a colour; without quotes, it takes all after # for a comment."""
    if value is None:
        raise ValueError('put the colour in quotes, such as "#0072B2": without them, # begins a comment')
    return value


def _hexadecimal(value: str) -> str:
    digits = value.removeprefix("#").lower()
    if not value.startswith("#") or len(digits) != 6 or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"'{value}' is no colour: write # and six hexadecimal digits, such as \"#0072B2\"")
    return value


Colour = Annotated[str, BeforeValidator(_colour), AfterValidator(_hexadecimal)]


def _in_reach(value: object) -> object:
    """A width: a preset or inches."""
    if isinstance(value, str) and value not in PRESETS:
        raise ValueError(f"'{value}' is no width: {', '.join(PRESETS)}, or inches as a number")
    if isinstance(value, int | float) and not 2 <= value <= 30:
        raise ValueError(f"a figure is 2 to 30 inches wide, not {value}")
    return value


class Figure(Section):
    """The look of one figure, or under `all` of every figure."""

    width: Annotated[Literal["column", "page", "slide"] | float | None, BeforeValidator(_in_reach)] = Field(
        default=None,
        description="`column` (3.3 inches, text of 7.5 points), `page` (7 inches, 8.5 points), `slide` (10 inches, 14 points), "
        "or inches; null: the figure's own.",
    )
    height: float | None = Field(
        default=None,
        gt=0,
        le=60,
        description="Height in inches before text is made to fit, which may add to it; null: what goes with the width.",
    )
    size: float | None = Field(
        default=None,
        ge=5,
        le=40,
        description="Points of plain text; lines and markers grow with it. null: what goes with the width.",
    )
    font: str | None = Field(
        default=None,
        description="An installed font, such as `DejaVu Serif`; null: DejaVu Sans. Letters that it lacks come from that.",
    )
    colours: dict[Name, Colour] = Field(
        default={}, description='Colours by teacher, or by language code, such as `{gemma-3-27b-it: "#D55E00"}`.'
    )
    labels: dict[str, Annotated[str, AfterValidator(visible)]] = Field(
        default={},
        description="What is printed instead: by teacher, language code, or any whole text or line of the figure, such as "
        "`{gain over the base: improvement}`.",
    )
    title: Words | None = Field(default=None, description="A title above the figure; null: none.")

    def over(self, common: Figure) -> Figure:
        """This look, with the common one where it says nothing."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        merged = {name: getattr(common, name) | getattr(self, name) for name in ("colours", "labels")}
        return common.model_copy(update=own | merged)

    def look(self, width: float, height: float, asked: tuple[str, ...] = ()) -> Look:
        """The look of a figure with this width and height in inches of its own.

        Args:
            asked: labels that must be found in it.
        """
        preset = PRESETS.get(str(self.width)) or Preset(width if self.width is None else float(self.width), TEXT_SIZE)
        size = self.size or preset.size
        room = preset.width * TEXT_SIZE / size
        stretch = min(1.0, max(0.75, room / width))
        usual = min(height * stretch * size / TEXT_SIZE, preset.height)
        height = self.height or usual
        return Look(preset.width, height, size, self.font, self.title, dict(self.colours), dict(self.labels), asked)


@dataclass(frozen=True)
class Look:
    """How a figure is drawn: inches, points of plain text, font, title, colours and labels (see `Figure`)."""

    width: float
    height: float
    size: float = TEXT_SIZE
    font: str | None = None
    title: str | None = None
    colours: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    asked: tuple[str, ...] = ()
    """Labels that must be found: the figure's own, not those for all figures."""

    @property
    def scale(self) -> float:
        """The factor by which its text is larger than that of the usual figure."""
        return self.size / TEXT_SIZE
