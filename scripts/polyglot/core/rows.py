"""Rows of a user's file in any of the usual formats, with errors that name file, row and remedy; and writing rows again."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.core.files import atomic, write_parquet, write_text
from polyglot.core.text import is_unicode

FORMATS = {
    ".jsonl": "one JSON object a line",
    ".ndjson": "one JSON object a line",
    ".json": "a list of JSON objects",
    ".csv": "a table with names of columns in its first line; comma, semicolon or tab between fields",
    ".tsv": "the same",
    ".txt": "one prompt a line",
    ".parquet": "a table",
}
"""File endings to what such a file holds."""
SEPARATORS = ",;\t"


class FileError(WrongInput):
    """A user's file that cannot be used; the message names file, row and remedy."""


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a user's file (`FORMATS`), with the index of each its place in the file, from 0.

    Blank lines of JSONL and plain text count as places, a header and blank lines of CSV do not. Values of JSON keep their types;
    those of CSV are texts.

    Raises:
        FileError: names file, row and remedy.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path}: file not found; correct the path in the configuration")
    kind = path.suffix.lower()
    if path.is_dir() or kind not in FORMATS:
        raise FileError(f"{path}: unsupported file type; use {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}")
    if kind == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise FileError(f"{path}: not a readable Parquet file: {error}. Write it again") from error
        return frame.reset_index(drop=frame.index.name is None)
    lines = _lines(path)
    if kind in (".csv", ".tsv"):
        return _table(path, lines)
    if kind == ".txt":
        places = [place for place, line in enumerate(lines) if line.strip()]
        return pd.DataFrame({"prompt": [lines[place].strip() for place in places]}, index=places, dtype=object)
    whole = _list(path, lines) if kind == ".json" else None
    found = dict(_objects(path, lines) if whole is None else whole)
    return pd.DataFrame(list(found.values()), index=list(found), dtype=object)


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write rows in the format of the file's ending. In JSON, a row lacks what it lacked where it was read (NaN).

    Raises:
        FileError: for a column that fits in no Parquet file, or plain text.
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        _check_parquet(frame, path)
        write_parquet(frame, path)
    elif kind in (".csv", ".tsv"):
        with atomic(path) as partial:
            frame.to_csv(partial, index=False, sep="\t" if kind == ".tsv" else ",")
    elif kind in (".json", ".jsonl", ".ndjson"):
        rows = [json.dumps(_plain(row), ensure_ascii=False) for row in frame.to_dict("records")]
        text = "".join(f"{row}\n" for row in rows) if kind != ".json" else "[\n" + ",\n".join(rows) + "\n]\n"
        write_text(text, path)
    else:
        raise FileError(f"{path}: such a file holds no columns; use .jsonl, .csv or .parquet")


def separator(header: str) -> str:
    """What separates the fields of a table with this first line: the most frequent of `SEPARATORS`; a comma if none is there."""
    fields = header.replace('""', "")
    outside = "".join(fields.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _lines(path: Path) -> list[str]:
    """The lines of a text in UTF-8. Unicode line separators inside texts do not end a line."""
    found = []
    for number, line in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            found.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            row = number - (path.suffix.lower() in (".csv", ".tsv"))
            raise FileError(
                f"{path}: row {row}: byte {error.start} of line {number} is not UTF-8. Convert the file, e.g. "
                f"iconv -f latin1 -t utf-8 {path.name}"
            ) from error
    return found


def _table(path: Path, lines: list[str]) -> pd.DataFrame:
    if not any(line.strip() for line in lines):
        raise FileError(f"{path}: the file is empty; its first line holds the names of the columns")
    csv.field_size_limit(sys.maxsize)
    between = separator(next(line for line in lines if line.strip()))
    records = csv.reader(io.StringIO("\n".join(lines)), delimiter=between, strict=True)
    rows: list[list[str]] = []
    try:
        for record in records:
            if record:
                rows.append(record)
    except csv.Error as error:
        raise FileError(
            f"{path}: row {len(rows)}: not a readable CSV file: {error}. Quote fields that hold separators, quotes or line breaks"
        ) from error
    header, *rest = rows
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileError(f"{path}: two columns are named '{twice}'; rename one")
    for number, record in enumerate(rest, 1):
        if len(record) > len(names):
            raise FileError(
                f"{path}: row {number}: {len(record)} fields, and {len(names)} names of columns in the first line. Quote fields "
                "that hold the separator; a file with one prompt a line and no names ends in .txt"
            )
    return pd.DataFrame([record + [""] * (len(names) - len(record)) for record in rest], columns=names, dtype=object)


def _list(path: Path, lines: list[str]) -> Iterator[tuple[int, dict[str, Any]]] | None:
    """The objects of a JSON list by place; None if the file holds an object a line, whatever its name says."""
    text = "\n".join(lines)
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{"):
            return None
        raise FileError(f"{path}: not JSON ({error}). Write a list of objects, or one object a line") from error
    if isinstance(whole, dict):
        lists = [name for name, value in whole.items() if isinstance(value, list)]
        if len(lines) > 1 or lists:
            inside = f"; its rows may be in {', '.join(lists)}" if lists else ""
            raise FileError(f"{path}: an object, not a list of objects{inside}. Write the list alone")
        return None
    if not isinstance(whole, list):
        raise FileError(f"{path}: a {type(whole).__name__}, not a list of objects")
    return ((place, _object(path, place, row)) for place, row in enumerate(whole))


def _objects(path: Path, lines: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            yield place, _object(path, place, json.loads(line))
        except json.JSONDecodeError as error:
            raise FileError(f"{path}: row {place + 1}: not JSON ({error}). Write one JSON object per line") from error


def _object(path: Path, place: int, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        hint = "; a list of plain texts is a .txt with one prompt a line" if isinstance(row, str) else ""
        raise FileError(f"{path}: row {place + 1}: a {type(row).__name__}, not an object. Write one JSON object per line{hint}")
    if not is_unicode(json.dumps(row, ensure_ascii=False)):
        raise FileError(f"{path}: row {place + 1}: an unpaired surrogate, which is not a character. Correct the row")
    return row


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row as JSON can hold it, without what it lacks."""
    return {str(name): plain(value) for name, value in row.items() if not isinstance(value, float) or value == value}


def plain(value: Any) -> Any:
    """A value of a table as JSON has it: lists for arrays, Python's numbers for numpy's."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else value


def _check_parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for column in frame.columns:
        try:
            pq.write_table(pa.Table.from_pandas(frame[[column]], preserve_index=False), pa.BufferOutputStream())
        except pa.ArrowException as error:
            raise FileError(
                f"{path}: the column '{column}' fits in no Parquet file ({error}); make its values of one kind, drop it, or ask "
                "for the format of your own file"
            ) from None
