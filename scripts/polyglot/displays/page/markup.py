"""Tables in Markdown as HTML: headers for screen readers, columns that sort, no link and no picture from anybody's text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from markdown_it.token import Token
from markupsafe import Markup, escape

from polyglot.displays.numbers import leading
from polyglot.displays.table import WIDE
from polyglot.displays.texts import parser


@dataclass(frozen=True)
class Sheet:
    """A table's page in parts: what stands above the table, the table, and what stands below it (notes, further tables)."""

    lead: Markup
    table: Markup
    rest: Markup

    @property
    def all(self) -> Markup:
        return self.lead + self.table + self.rest


def sheet(markdown: str, title: str) -> Sheet:
    """The HTML of a table's Markdown.

    Args:
        title: names the table to screen readers.
    """
    tokens = parser().parse(markdown)
    starts = [place for place, token in enumerate(tokens) if token.type == "table_open"]
    if not starts:
        return Sheet(_html(tokens, title), Markup(""), Markup(""))
    first = starts[0]
    end = next(place for place, token in enumerate(tokens) if token.type == "table_close") + 1
    return Sheet(_html(tokens[:first], title), _html(tokens[first:end], title), _html(tokens[end:], title))


def line(markdown: str) -> Markup:
    """One line of Markdown, without a paragraph."""
    return Markup(parser().renderInline(" ".join(markdown.split())))


def _html(tokens: Sequence[Token], title: str) -> Markup:
    """The HTML of blocks; a table is named by the bold line above it, if there is one."""
    parts: list[Token] = []
    at, name, numbers = 0, title, count(2)
    while at < len(tokens):
        token = tokens[at]
        if token.type == "table_open":
            end = next(place for place in range(at, len(tokens)) if tokens[place].type == "table_close") + 1
            parts += _table(tokens[at:end], name)
            at, name = end, f"{title} ({next(numbers)})"
            continue
        if token.type == "inline" and token.content.startswith("**") and token.content.endswith("**"):
            name = token.content.strip("*")
        parts.append(token)
        at += 1
    return Markup(parser().renderer.render(parts, parser().options, {}))


def _raw(html: str) -> Token:
    return Token("html_block", "", 0, content=html)


def _table(tokens: Sequence[Token], name: str) -> Iterator[Token]:
    """The tokens of a table: named, in a frame that scrolls, with a button in every header and a number to sort by."""
    numeric = [_is_numeric(column) for column in zip(*_rows(tokens)[1:], strict=False)]
    headed = next((place for place, numbers in enumerate(numeric) if not numbers), 0)
    shown = escape(name)
    yield _raw(f'<div class="scroll" role="region" tabindex="0" aria-label="{shown}"><table class="sortable n-last">')
    yield _raw(f'<caption class="unseen">{shown}</caption>')
    column = 0
    for token, following in pairwise(tokens[1:]):
        if token.type == "tr_open":
            column = 0
        if token.type in ("th_open", "td_open"):
            _describe(token, following.content, header=column == headed, number=column < len(numeric) and numeric[column])
        if token.type == "td_close":
            token.tag = "th" if column == headed else "td"
        if token.type == "th_close":
            yield _raw("</button>")
        yield token
        if token.type == "th_open":
            yield _raw('<button type="button">')
        column += token.type in ("th_close", "td_close")
    yield _raw("</table></div>\n")


def _describe(cell: Token, text: str, *, header: bool, number: bool) -> None:
    """A cell's scope, what it sorts by, and how it is set."""
    cell.attrs = {}
    if cell.type == "th_open":
        cell.attrs["scope"] = "col"
    elif header:
        cell.tag = "th"
        cell.attrs["scope"] = "row"
    value = leading(text)
    missing = value is not None and math.isnan(value)
    if cell.type == "td_open" and (number or missing):
        cell.attrs["data-sort"] = "" if missing else repr(value)
    if number:
        cell.attrs["class"] = "number"
    elif len(text) >= WIDE:
        cell.attrs["class"] = "wide"


def _rows(tokens: Sequence[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.content)
    return rows


def _is_numeric(column: Sequence[str]) -> bool:
    """Whether every cell begins with a number or has none; and one has."""
    values = [leading(text) for text in column]
    return None not in values and not all(value is None or math.isnan(value) for value in values)
