"""Tidy metric tables from anywhere, as measurements: the paper's published cells, a colleague's CSV, a study's own files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.core.rows import TABLES, kind_of_file, lines_of, read_rows, separator, table_of
from polyglot.intrinsic.metrics import INTRINSIC, PERPLEXITIES
from polyglot.scoring.scores import KEYS, check_measurements, performance_gap_recovered

CELL = ("teacher", "lang")
ROBUST = PERPLEXITIES[1:]
"""Further measures of perplexity, used if present."""
ABSENT = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
"""What stands for a missing number; in a column of names these are names, as `nan` is the language Min Nan Chinese."""
STUDENT_SCORES = ("student_score", "base_score", "reference_score")
EXTRINSIC = (*STUDENT_SCORES, "gain_se", "pgr", "pgr_released", "pgr_paper")
"""Columns used for the extrinsic part, if present."""


def read_table(path: Path, keys: Sequence[str], numbers: Sequence[str], empty: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV or Parquet table with numeric columns converted; CSV lines that begin with # are skipped.

    Fields are separated by commas, semicolons or tabs; with semicolons, a number may have a decimal comma. Capitals in names of
    columns do not matter, nor do spaces around these names and keys.

    Args:
        keys: columns that together identify a row; they may not be empty.
        numbers: columns of finite numbers.
        empty: those of them that may be empty.

    Raises:
        ValueError: a missing column, an empty key, a repeated row or text in a number (names file, row and column; rows
            are counted from 1 below the header).
    """
    frame = _text(path, (*keys, *numbers))
    missing = [column for column in (*keys, *numbers) if column not in frame.columns]
    if missing:
        raise WrongInput(f"{path}: missing column(s) {', '.join(missing)}; found: {', '.join(frame.columns)}")
    for key in keys:
        blank = frame[key].isna() | ~frame[key].astype(str).str.strip().astype(bool)
        if blank.any():
            raise WrongInput(f"{path}: row {_first(blank)}: column '{key}' is empty; every row needs one")
        frame[key] = [value.strip() if isinstance(value, str) else value for value in frame[key]]
    for column in numbers:
        absent = frame[column].isna() | frame[column].astype(str).str.strip().isin(ABSENT)
        values = pd.to_numeric(frame[column].where(~absent), errors="coerce")
        wrong = ~values.abs().lt(float("inf")) & ~(absent & (column in empty))
        if wrong.any():
            row = _first(wrong)
            held = frame[column].iloc[row - 1]
            raise WrongInput(f"{path}: row {row}: column '{column}' holds {held!r}, which is not a number")
        frame[column] = values
    repeated = frame.duplicated(list(keys))
    if repeated.any():
        row = _first(repeated)
        cell = ", ".join(str(value) for value in frame.loc[row - 1, list(keys)])
        raise WrongInput(f"{path}: row {row}: duplicate row of ({cell}) (columns {', '.join(keys)}); delete one")
    return frame


def _text(path: Path, known: Iterable[str]) -> pd.DataFrame:
    """A table as it is written, with the known columns under their own names."""
    kind = kind_of_file(Path(path))
    if kind in TABLES:
        lines = lines_of(Path(path))
        header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
        frame = table_of(Path(path), [header, *lines])
        if separator(header) == ";":
            frame = frame.apply(lambda column: column.str.replace(r"^\s*(-?\d+),(\d+)\s*$", r"\1.\2", regex=True))
    else:
        frame = read_rows(Path(path))
    columns = [str(column) for column in frame.columns]
    small = {name.lower(): name for name in known}
    named = {column: small.get(column.strip().lower(), column) for column in columns}
    return frame.rename(columns={old: new for old, new in named.items() if new not in columns})


@dataclass(frozen=True)
class Columns:
    """The columns of a metric table: those that are read, and the others."""

    read: list[str]
    others: list[str]

    @property
    def sentence(self) -> str:
        """The same in words."""
        return f"columns found: {', '.join(self.read) or 'none'}" + (
            f"; not used: {', '.join(self.others)}" if self.others else ""
        )


def columns_of(path: Path, scored: Sequence[str] = INTRINSIC) -> Columns:
    """The columns that `read_measurements` finds in a table.

    Raises:
        ValueError, OSError: if it cannot be read.
    """
    known = _known(scored)
    found = [str(column) for column in _text(path, known).columns]
    return Columns([column for column in found if column in known], [column for column in found if column not in known])


def _known(scored: Sequence[str]) -> tuple[str, ...]:
    """Every column that a metric table may have."""
    return ("replicate", *KEYS, *scored, *ROBUST, *EXTRINSIC)


def _first(marked: pd.Series) -> int:
    """The first marked row, from 1."""
    return int(marked.to_numpy().argmax()) + 1


def read_measurements(
    paths: Sequence[Path], *, base: str = "base", recipe: str = "recipe", scored: Sequence[str] = INTRINSIC
) -> pd.DataFrame:
    """Measurements (see `polyglot.scoring.scores.check_measurements`) from one or more tables with one row per teacher and
    language.

    Tables are joined on teacher and lang and, if present, base, recipe and replicate. Together they must have all scored
    intrinsic metrics. The available columns decide which definitions can be scored. `released` needs pgr or the three scores
    (student_score, base_score, reference_score); `signsafe` needs the three scores. Missing values are not imputed.

    Args:
        base, recipe: values for all rows if the tables lack these columns.
        scored: names of the intrinsic metrics.

    Raises:
        ValueError: names file, row and column.
    """
    found: pd.DataFrame | None = None
    for path in paths:
        columns = list(_text(path, _known(scored)).columns)
        keys = [key for key in ("replicate", *KEYS) if key in columns]
        missing = [key for key in CELL if key not in columns]
        numbers = [name for name in (*scored, *ROBUST, *EXTRINSIC) if name in columns]
        if missing or not numbers:
            lacks = f"missing column(s) {', '.join(missing)}" if missing else "no metric"
            found_here = f"found: {', '.join(map(str, columns))}"
            ways = f"a metric table has teacher, lang and some of {', '.join((*scored, *EXTRINSIC))}"
            raise WrongInput(f"{path}: {lacks}; {found_here}; {ways}")
        table = read_table(path, keys, numbers, empty=numbers)[[*keys, *numbers]]
        _check_signs(path, table)
        found = table if found is None else _joined(found, table, paths)
    if found is None:
        raise WrongInput("no metric table was given")
    lacking = [name for name in scored if name not in found.columns]
    if lacking:
        raise WrongInput(f"{', '.join(map(str, paths))}: missing column(s) {', '.join(lacking)}")
    given: dict[str, int | str] = {"replicate": 0, "base": base, "recipe": recipe}
    found = found.assign(**{key: value for key, value in given.items() if key not in found.columns})
    return check_measurements(_with_extrinsic(found.astype({"replicate": int})), scored)


def _check_signs(path: Path, table: pd.DataFrame) -> None:
    for name in (name for name in (*PERPLEXITIES, "gain_se") if name in table.columns):
        values = table[name].astype(float)
        wrong = values < 0 if name == "gain_se" else values <= 0
        if wrong.any():
            least = "0 or more" if name == "gain_se" else "above 0"
            row = _first(wrong)
            raise WrongInput(f"{path}: row {row}: column '{name}' holds {values.iloc[row - 1]:g}; it is {least}: correct it")


def _joined(left: pd.DataFrame, right: pd.DataFrame, paths: Sequence[Path]) -> pd.DataFrame:
    keys = [key for key in ("replicate", *KEYS) if key in left.columns and key in right.columns]
    twice = set(left.columns) & set(right.columns) - set(keys)
    if twice:
        raise WrongInput(f"{', '.join(map(str, paths))}: the column(s) {', '.join(sorted(twice))} are in two tables")
    both = left.merge(right, on=keys, how="outer", indicator=True)
    alone = both[both["_merge"] != "both"]
    if len(alone):
        cell = tuple(alone.iloc[0][keys])
        raise WrongInput(f"{' and '.join(map(str, paths))} do not have the same cells: {cell} is in one only")
    return both.drop(columns="_merge")


def _with_extrinsic(found: pd.DataFrame) -> pd.DataFrame:
    """Add PGR, gain and gap where the available columns allow."""
    found = found.rename(columns={"pgr": "pgr_released"})
    if set(STUDENT_SCORES) <= set(found.columns):
        student, base, reference = (found[name].to_numpy(dtype=float) for name in STUDENT_SCORES)
        found = found.assign(gain=student - base, gap=reference - base)
        if "pgr_released" not in found.columns:
            found["pgr_released"] = performance_gap_recovered(student, base, reference)
    return found
