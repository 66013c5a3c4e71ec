"""Rows of a user's file in any of the usual formats, with errors that name file, row and remedy; and writing rows again."""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from polyglot.core.errors import WrongInput
from polyglot.core.files import write_parquet, write_separated, write_text
from polyglot.core.text import different_keys, is_unicode, too_deep

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {
    ".jsonl": "one JSON object a line",
    ".ndjson": "one JSON object a line",
    ".json": "a list of JSON objects",
    ".csv": "a table with names of columns in its first line; comma, semicolon or tab between fields",
    ".tsv": "the same",
    ".txt": "one prompt a line",
    ".parquet": "a table",
}
"""File endings to what such a file holds. All but Parquet may be compressed: `.gz` follows."""
LINES = (".jsonl", ".ndjson")
TABLES = (".csv", ".tsv")
GZ = ".gz"
SEPARATORS = ",;\t"
UNNAMED = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name in a Parquet file."""
LONGEST_NUMBER = 4300
"""Most digits of a whole number that is read as an integer."""
BOM, PARQUET, GZIPPED = b"\xef\xbb\xbf", b"PAR1", b"\x1f\x8b"
CONTENTS = {
    PARQUET: "a Parquet file; its name must end in .parquet",
    GZIPPED: "compressed by gzip; its name must end in .gz",
    b"PK\x03\x04": "a zip archive or an Excel or Word file; unpack it, or save it as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; save it as CSV in UTF-8",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it",
    b"\xff\xfe\x00\x00": "UTF-32; convert it, e.g. iconv -f utf-32 -t utf-8",
    b"\x00\x00\xfe\xff": "UTF-32; convert it, e.g. iconv -f utf-32 -t utf-8",
    b"\xff\xfe": "UTF-16; convert it, e.g. iconv -f utf-16 -t utf-8",
    b"\xfe\xff": "UTF-16; convert it, e.g. iconv -f utf-16 -t utf-8",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; fetch it, e.g. git lfs pull",
}
"""How files begin that are no text in UTF-8 whatever their names say, and what they are."""
PAGES = (b"<!doctype html", b"<html", b"<?xml")
"""How pages of the web begin, in small letters, which a download may be instead of the file."""
DEEP = "lists or objects nested too deep to be read; flatten the row or delete it"
NULL = "a null character, as UTF-16 without a mark has, or a damaged file; convert it, e.g. iconv -f utf-16le -t utf-8"


class FileError(WrongInput):
    """A user's file that cannot be used; the message names file, row and remedy."""


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a user's file (`FORMATS`), with the index of each its place in the file, from 0.

    Blank lines of JSONL and plain text count as places, a header and blank lines of CSV do not. Values of JSON keep their types;
    those of CSV are texts.

    Raises:
        FileError: names file, row and remedy.
    """
    import pandas as pd

    path = Path(path)
    kind = kind_of_file(path)
    if kind == ".parquet":
        return _frame_of_parquet(path)
    if kind in TABLES:
        return table_of(path, lines_of(path))
    found = dict(_rows(path, kind))
    return pd.DataFrame(list(found.values()), index=list(found), dtype=object)


def stream_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place and values of every row of a user's file, one by one (see `read_rows`); its size does not matter, but for a JSON
    list's.

    Raises:
        FileError: names file, row and remedy.
    """
    path = Path(path)
    kind = kind_of_file(path)
    if kind == ".parquet":
        yield from _of_parquet(path)
    elif kind in TABLES:
        names, records = _records(path, lines_of(path))
        yield from ((place, dict(zip(names, record, strict=True))) for place, record in records)
    else:
        yield from _rows(path, kind)


def kind_of_file(path: Path) -> str:
    """A file's format, a key of `FORMATS`.

    Raises:
        FileError: if it is not there, or of no known format, by its name or by how it begins.
    """
    if not path.exists():
        raise FileError(f"{path}: file not found; correct the path in the configuration")
    *_, kind = ("", *(suffix.lower() for suffix in path.suffixes if suffix.lower() != GZ))
    compressed = path.suffix.lower() == GZ
    if compressed and kind not in FORMATS:
        kind = ".jsonl"
    if path.is_dir() or kind not in FORMATS or (compressed and kind == ".parquet"):
        raise FileError(f"{path}: unsupported file type; use {', '.join(list(FORMATS)[:-1])} or .parquet; texts may be .gz")
    if not path.is_file():
        raise FileError(f"{path}: a pipe or device, which can be read only once; write its rows to a file")
    with path.open("rb") as file:
        start = file.read(24)
    if start.removeprefix(BOM).lstrip().lower().startswith(PAGES):
        raise FileError(f"{path}: this is a web page (HTML or XML), not the file itself; fetch it again, by its own address")
    magic = next((magic for magic in CONTENTS if start.startswith(magic)), b"")
    if magic not in (b"", GZIPPED if compressed else PARQUET if kind == ".parquet" else b""):
        raise FileError(f"{path}: this is {CONTENTS[magic]}")
    if compressed and start and not magic:
        raise FileError(f"{path}: not compressed by gzip, as its name says; compress it, or take .gz off its name")
    return kind


def rows_file(folder: Path, name: str) -> Path | None:
    """The file of rows with this name in a folder, in any format of `FORMATS` that has columns; None if there is none.

    Raises:
        FileError: if there are several.
    """
    endings = [kind for kind in FORMATS if kind != ".txt"]
    both = [f"{kind}{gz}" for kind in endings for gz in ("", GZ) if not (gz and kind == ".parquet")]
    found = [path for ending in both if (path := Path(folder) / f"{name}{ending}").is_file()]
    if len(found) > 1:
        raise FileError(f"{folder}: {' and '.join(path.name for path in found)} are both there; keep one of them")
    return found[0] if found else None


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text in UTF-8, one by one, without their ends. A line of JSON Lines ends at a line feed alone, others at a
    carriage return too. Other separators are characters of a text.

    Raises:
        FileError: names the row whose bytes are not UTF-8 or hold a null, or says that the file breaks off.
    """
    number, json_lines, headed = 0, kind_of_file(path) in LINES, kind_of_file(path) in TABLES
    try:
        with _opened(path) as file:
            for raw in file:
                line = raw.removeprefix(BOM if number == 0 else b"")
                for part in [line.rstrip(b"\r\n")] if json_lines else line.splitlines():
                    number += 1
                    if b"\0" in part:
                        raise FileError(f"{path}: row {max(number - headed, 1)}: {NULL}")
                    yield part.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path}: row {number - headed}: byte {error.start} of line {number} is not UTF-8. Convert the file, e.g. "
            f"iconv -f latin1 -t utf-8 {path.name}"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        told = f"the compressed file breaks off or is damaged ({error}); get it again"
        raise FileError(f"{path}: row {number + 1}: {told}") from error


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix.lower() == GZ else path.open("rb")


def _rows(path: Path, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a text that is no table."""
    if kind == ".txt":
        yield from ((place, {"prompt": line.strip()}) for place, line in enumerate(lines_of(path)) if line.strip())
        return
    if kind == ".json":
        lines = list(lines_of(path))
        whole = _list(path, lines)
        yield from _objects(path, lines) if whole is None else whole
        return
    yield from _objects(path, lines_of(path))


def _frame_of_parquet(path: Path) -> pd.DataFrame:
    """The columns of a Parquet file, also those that pandas has as index. Texts are plain ones, None where there is none,
    whatever type of pandas they had."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        _check_names(path, table.column_names)
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
        for index in (table.schema.pandas_metadata or {}).get("index_columns", ()):
            if isinstance(index, dict) and index["name"] is not None and index["name"] not in frame:
                frame[index["name"]] = range(index["start"], index["start"] + index["step"] * len(frame), index["step"])
        frame = frame.drop(columns=[name for name in table.column_names if UNNAMED.fullmatch(name)])
        own = [name for name in frame if isinstance(frame[name].dtype, pd.StringDtype | pd.CategoricalDtype)]
        return frame.assign(**{str(name): frame[name].astype(object).where(frame[name].notna(), None) for name in own})
    except FileError:
        raise
    except (OSError, ValueError, TypeError, LookupError, OverflowError, pa.ArrowException) as error:
        raise FileError(f"{path}: not a readable Parquet file: {error}. Write it again") from error


def _of_parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                yield place, row
                place += 1
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        raise FileError(f"{path}: row {place + 1}: not a readable Parquet file: {error}. Write it again") from error


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write rows in the format of the file's ending. In JSON, a row lacks what it lacked where it was read (NaN).

    Raises:
        FileError: for a column that fits in no Parquet file, or plain text.
    """
    kind = path.suffix.lower()
    if kind == ".parquet":
        _check_parquet(frame, path)
        write_parquet(frame, path)
    elif kind in TABLES:
        write_separated(frame, path, "\t" if kind == ".tsv" else ",")
    elif kind in (".json", *LINES):
        rows = [_dumped(_plain(row)) for row in frame.to_dict("records")]
        text = "".join(f"{row}\n" for row in rows) if kind != ".json" else "[\n" + ",\n".join(rows) + "\n]\n"
        write_text(text, path)
    else:
        raise FileError(f"{path}: such a file holds no columns; use .jsonl, .csv or .parquet")


def _dumped(row: dict[str, Any]) -> str:
    """A row as JSON; half a surrogate pair, which only an escape can write, stays as it was read. Numbers of thousands of digits
    become texts."""
    text = json.dumps(row, ensure_ascii=False, default=str)
    return text if is_unicode(text) else json.dumps(row, default=str)


def separator(header: str) -> str:
    """What separates the fields of a table with this first line: the most frequent of `SEPARATORS`; a comma if none is there."""
    outside = "".join(header.replace('""', "").split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def table_of(path: Path, lines: Iterable[str]) -> pd.DataFrame:
    """The rows of a table in text (CSV) with names of columns in its first line, all texts; the index counts rows from 0.

    Raises:
        FileError: names file and row: no columns, two of one name, a row with more or fewer fields than names.
    """
    import pandas as pd

    names, records = _records(path, lines)
    return pd.DataFrame([record for _, record in records], columns=names, dtype=object)


def _records(path: Path, lines: Iterable[str]) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of a table's columns, and the place and fields of every row, read as they are asked for."""
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise FileError(f"{path}: the file is empty; its first line holds the names of the columns")
    if first.strip().strip('"').lower().startswith("sep="):
        raise FileError(f"{path}: the first line, {first.strip()}, is for Excel alone; delete it")
    csv.field_size_limit(sys.maxsize)
    ended = (f"{line}\n" for line in chain([first], lines))
    reader = csv.reader(ended, delimiter=separator(first), strict=True)
    header = next(_read_records(path, reader))[1]
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    _check_names(path, names)
    return names, _checked(path, names, _read_records(path, reader))


def _check_names(path: Path, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise FileError(f"{path}: two columns are named '{twice[0]}'; rename one")


def _read_records(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Place and fields of every record that is no blank line."""
    place = 0
    try:
        for record in reader:
            if record:
                yield place, record
                place += 1
    except csv.Error as error:
        raise FileError(
            f"{path}: row {place + 1}: not a readable CSV file: {error}. Quote fields that hold separators, quotes or line breaks"
        ) from error


def _checked(path: Path, names: Sequence[str], records: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for place, record in records:
        if len(record) != len(names):
            remedy = (
                "that hold the separator; a file with one prompt a line and no names ends in .txt"
                if len(record) > len(names)
                else "that hold line breaks, and leave a missing value empty between its separators"
            )
            told = f"{len(record)} fields, and {len(names)} names of columns in the first line. Quote fields {remedy}"
            raise FileError(f"{path}: row {place + 1}: {told}")
        yield place, record


def _list(path: Path, lines: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]] | None:
    """The objects of a JSON list by place; None if the file holds an object a line, whatever its name says."""
    text = "\n".join(lines)
    try:
        whole = json.loads(text, parse_int=_whole, object_pairs_hook=different_keys)
    except ValueError as error:
        if text.lstrip().startswith("{"):
            return None
        raise FileError(f"{path}: not JSON ({error}). Write a list of objects, or one object a line") from error
    except RecursionError:
        raise FileError(f"{path}: {DEEP}") from None
    if isinstance(whole, dict):
        lists = [name for name, value in whole.items() if isinstance(value, list)]
        if len(lines) > 1 or lists:
            inside = f"; its rows may be in {', '.join(lists)}" if lists else ""
            raise FileError(f"{path}: an object, not a list of objects{inside}. Write the list alone")
        return None
    if not isinstance(whole, list):
        raise FileError(f"{path}: a {type(whole).__name__}, not a list of objects")
    return ((place, _object(path, place, row)) for place, row in enumerate(whole))


def _whole(text: str) -> int | Decimal:
    """A whole number of JSON; one that is longer than Python reads fails no file, since nobody may read its column. A library may
    have lifted Python's limit for the whole process, so it is not asked."""
    return Decimal(text) if len(text) > LONGEST_NUMBER else int(text)


def _objects(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=_whole, object_pairs_hook=different_keys)
        except ValueError as error:
            raise FileError(f"{path}: row {place + 1}: not JSON ({error}). Write one JSON object per line") from error
        except RecursionError:
            raise FileError(f"{path}: row {place + 1}: {DEEP}") from None
        yield place, _object(path, place, row)


def _object(path: Path, place: int, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        hint = "; a list of plain texts is a .txt with one prompt a line" if isinstance(row, str) else ""
        raise FileError(f"{path}: row {place + 1}: a {type(row).__name__}, not an object. Write one JSON object per line{hint}")
    if too_deep(row):
        raise FileError(f"{path}: row {place + 1}: {DEEP}")
    if not all(map(is_unicode, row)):
        raise FileError(f"{path}: row {place + 1}: half a character in a name of a column (a lone surrogate); rename the column")
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
