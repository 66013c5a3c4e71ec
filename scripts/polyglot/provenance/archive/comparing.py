"""Compares files of an archive with those recomputed by the same jobs.

Numbers may differ by rounding on another processor. Another version of the code may also phrase things differently (`reworded`):
then only the numbers in prose are compared, not names within it, and headings and notes of pages are ignored. Data columns, cells
with names, and numbers must still match. An archive names the version that made it; verifying with that version compares every
word.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from polyglot.core.files import read_frame

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Tolerance for numbers computed on another processor."""
BEFORE, SHOWN = 20, 80
"""Characters of a line to show: before a difference, and in total."""
PROSE = 4
"""Minimum words for a text to count as prose, not a name."""
NUMBER = re.compile(r"[-+−]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[-+]?\d+)?")


def first_difference(made: Path, kept: Path, *, reworded: bool = False) -> str | None:
    """The first difference between two files; None if equal."""
    if made.read_bytes() == kept.read_bytes():
        return None
    if made.suffix not in (".csv", ".parquet"):
        return _row_difference(made, kept) if reworded else _text_difference(made, kept)
    frames = [read_frame(path) for path in (made, kept)]
    return frame_difference(*frames, reworded=reworded)


def frame_difference(made: pd.DataFrame, kept: pd.DataFrame, *, reworded: bool = False) -> str | None:
    """The first cell in which two tables differ."""
    if list(made.columns) != list(kept.columns):
        return f"columns {list(kept.columns)}, recomputed {list(made.columns)}"
    if len(made) != len(kept):
        return f"{len(kept)} rows, recomputed {len(made)}"
    for column in made.columns:
        mine, theirs = made[column], kept[column]
        if pd.api.types.is_numeric_dtype(mine) and pd.api.types.is_numeric_dtype(theirs):
            one, other = (values.to_numpy(dtype=float, na_value=np.nan) for values in (mine, theirs))
            same = np.isclose(one, other, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        else:
            compared = (mine.map(_content), theirs.map(_content)) if reworded else (mine, theirs)
            same = ((compared[0] == compared[1]) | (mine.isna() & theirs.isna())).to_numpy(dtype=bool)
        if not same.all():
            row = int((~same).argmax())
            return f"row {row + 1}, column '{column}' says {theirs.iloc[row]}, recomputed {mine.iloc[row]}"
    return None


def _content(value: object) -> object:
    """A cell's content without wording: the numbers of prose, otherwise the cell itself."""
    return " ".join(numbers(value)) if isinstance(value, str) and len(value.split()) >= PROSE else value


def numbers(text: str) -> list[str]:
    """The numbers in a text, as they are written."""
    return NUMBER.findall(text)


def _row_difference(made: Path, kept: Path) -> str | None:
    """The first row of a table in which two texts differ; headings, captions and notes are not compared."""
    mine, theirs = (_rows(path) for path in (made, kept))
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False), 1):
        if one != other:
            return f"row {place} of its tables says {' | '.join(other)!r}, recomputed {' | '.join(one)!r}"
    return f"{len(theirs)} rows in its tables, recomputed {len(mine)}" if len(mine) != len(theirs) else None


def _rows(path: Path) -> list[list[str]]:
    """The cells of a text's tables, row by row, without headings."""
    split = {".md": _markdown_rows, ".tex": _latex_rows}.get(path.suffix, _html_rows)
    return [[str(_content(cell.strip())) for cell in row] for row in split(_lines(path))]


def _markdown_rows(lines: list[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in lines:
        if re.fullmatch(r"\|[\s:|-]+\|", line):
            del rows[-1:]  # the headings above it
        elif line.startswith("|"):
            rows.append(re.split(r"(?<!\\)\|", line.strip("|")))
    return rows


def _latex_rows(lines: list[str]) -> list[list[str]]:
    rows, body = list[list[str]](), False
    for line in lines:
        if line.strip() in (r"\midrule", r"\bottomrule"):
            body = line.strip() == r"\midrule"
        elif body:
            rows.append(re.split(r"(?<!\\)&", line.removesuffix(r"\\")))
    return rows


def _html_rows(lines: list[str]) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", "\n".join(lines), re.DOTALL)
    cells = (re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows)
    return [row for row in cells if row]


def _text_difference(made: Path, kept: Path) -> str | None:
    pairs = zip(_lines(made), _lines(kept), strict=False)
    for number, (mine, theirs) in enumerate(pairs, 1):
        if mine != theirs:
            same = next((place for place, pair in enumerate(zip(mine, theirs, strict=False)) if len(set(pair)) > 1), 0)
            start = max(same - BEFORE, 0)
            return f"line {number} says {theirs[start:][:SHOWN]!r}, recomputed {mine[start:][:SHOWN]!r}"
    return f"{len(_lines(kept))} lines, recomputed {len(_lines(made))}"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
