"""Files as they are in the wild: read as they are meant, or refused by name and row."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyglot.core.files import read_frame
from polyglot.core.rows import FileError, read_rows, stream_rows, write_rows

ROWS = [{"prompt": "Wer\u2028ist\u0085das?", "response": "NA"}, {"prompt": "2024-05-12", "response": "None"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES.encode()),
        ("bom.jsonl", b"\xef\xbb\xbf" + LINES.encode()),
        ("crlf.jsonl", LINES.replace("\n", "\r\n").encode()),
        ("blank.jsonl", ("\n" + LINES.replace("\n", "\n\n")).encode()),
        ("end.ndjson", LINES.rstrip().encode()),
        ("a.jsonl.gz", gzip.compress(LINES.encode())),
        ("old.gz", gzip.compress(LINES.encode())),
        ("list.json", json.dumps(ROWS).encode()),
        ("LIST.JSON", json.dumps(ROWS).encode()),
        ("a.csv", pd.DataFrame(ROWS).to_csv(index=False).encode()),
        ("semicolon.csv", pd.DataFrame(ROWS).to_csv(index=False, sep=";").encode("utf-8-sig")),
        ("crlf.csv", pd.DataFrame(ROWS).to_csv(index=False, lineterminator="\r\n").encode()),
        ("a.tsv.gz", gzip.compress(pd.DataFrame(ROWS).to_csv(index=False, sep="\t").encode())),
    ],
)
def test_the_same_rows_come_from_every_kind_of_file(tmp_path: Path, name: str, content: bytes) -> None:
    """Separators of Unicode end no line; dates and words that look like missing values are texts."""
    path = tmp_path / name
    path.write_bytes(content)
    assert read_rows(path).to_dict("records") == ROWS
    assert [row for _, row in stream_rows(path)] == ROWS


@pytest.mark.parametrize(
    "extra",
    [
        lambda place: {"extra": "2024-05-12" if place < 900 else "unbekannt"},
        lambda place: {"extra": 1 if place < 900 else "hoch"},
        lambda place: {"extra": None if place < 900 else {"a": 1}},
        lambda place: {} if place < 900 else {"extra": "x"},
        lambda place: {"extra": "x" if place < 900 else "\ud83d"},
    ],
    ids=["a date, a word", "a number, a word", "nothing, an object", "absent, present", "half a character"],
)
def test_columns_that_nobody_reads_fail_no_file(tmp_path: Path, extra: Callable[[int], dict[str, object]]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"p{place}"} | extra(place)) + "\n" for place in range(1000)), encoding="utf-8")
    rows = read_rows(path)
    assert list(rows["prompt"]) == [f"p{place}" for place in range(1000)]
    write_rows(rows, tmp_path / "b.jsonl")
    assert [json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()] == [
        {"prompt": f"p{place}"} | extra(place) for place in range(1000)
    ]


def test_rows_are_counted_as_their_user_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": \n', encoding="utf-8")
    with pytest.raises(FileError, match=r"a\.jsonl: row 3: not JSON"):
        list(stream_rows(path))
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n\n3\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"a\.csv: row 2: 1 fields, and 2 names"):
        list(stream_rows(path))


def test_names_of_a_table_are_texts_and_only_an_empty_field_is_missing(tmp_path: Path) -> None:
    """Min Nan Chinese has the code nan, and a teacher may be called None or 7."""
    table = pd.DataFrame({"teacher": ["None", "NA", "7"], "lang": ["nan", "de", "nan"], "pgr": [0.5, None, 1.0]})
    table.to_csv(tmp_path / "cells.csv", index=False)
    found = read_frame(tmp_path / "cells.csv")
    pd.testing.assert_frame_equal(found, table, check_dtype=False)
    assert found["pgr"].dtype == float
    assert found.groupby("lang").size().to_dict() == {"de": 1, "nan": 2}


def test_a_number_of_thousands_of_digits_fails_no_file_whatever_a_library_has_allowed(tmp_path: Path) -> None:
    path, usual, long = tmp_path / "x.jsonl", sys.get_int_max_str_digits(), "9" * 5001
    path.write_text(f'{{"prompt": "a", "unread": {long}, "list": [-{long}, 7]}}\n')
    for allowed in (usual, 0):
        sys.set_int_max_str_digits(allowed)
        try:
            (row,) = read_rows(path).to_dict("records")
        finally:
            sys.set_int_max_str_digits(usual)
        assert row == {"prompt": "a", "unread": Decimal(long), "list": [Decimal(f"-{long}"), 7]}
    write_rows(pd.DataFrame([row]), path)
    assert read_rows(path)["unread"][0] == long


TABLE = pd.DataFrame({"id": ["1", "2"], "lang": ["de", "fr"], "prompt": ["a", "b"], "size": pd.array([7, None], "Int64")})


@pytest.mark.parametrize(
    "frame",
    [
        TABLE,
        TABLE.set_index(["lang", "id"]),
        TABLE.set_index("lang").set_index(pd.Index([4, 5]), append=True),
        TABLE.set_index("id", drop=False),
        TABLE.drop(columns="id").set_index(pd.RangeIndex(1, 3, name="id")).astype({"lang": "string"}),
        TABLE.convert_dtypes(),
        TABLE.astype({"lang": "category", "id": "category"}),
    ],
    ids=["plain", "two levels", "a level without a name", "a column twice", "a range", "pandas' types", "categories"],
)
def test_columns_that_pandas_has_as_index_or_in_types_of_its_own_are_columns(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    rows = read_rows(path)
    assert rows.astype({"id": str})[list(TABLE)].to_dict("records") == [
        {"id": "1", "lang": "de", "prompt": "a", "size": 7},
        {"id": "2", "lang": "fr", "prompt": "b", "size": None},
    ]
    assert set(rows) == set(TABLE)
    assert list(rows.index) == [0, 1]


def test_a_text_that_is_missing_is_none_whatever_type_of_pandas_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for kind in ("object", "string", "category"):
        pd.DataFrame({"a": ["x", None]}).astype(kind).to_parquet(path)
        assert list(read_rows(path)["a"]) == ["x", None]


def test_a_parquet_file_is_written_again_with_the_types_that_it_had(tmp_path: Path) -> None:
    types = {"a": pa.int32(), "b": pa.float32(), "c": pa.timestamp("us", "UTC"), "d": pa.uint64(), "f": pa.date32()}
    table = pa.table({name: pa.array([1, 2], pa.int64()).cast(kind, safe=False) for name, kind in types.items() if name != "f"})
    table = table.append_column("f", pa.array([1, 2], pa.int32()).cast(pa.date32()))
    pq.write_table(table, tmp_path / "a.parquet")
    write_rows(read_rows(tmp_path / "a.parquet"), tmp_path / "b.parquet")
    assert {field.name: field.type for field in pq.read_schema(tmp_path / "b.parquet")} == types


NOT_UTF8 = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"], pa.binary()).buffers())


@pytest.mark.parametrize("values", [NOT_UTF8, pa.array([9_999_999], pa.date32())], ids=["no UTF-8", "a date out of range"])
def test_a_value_of_a_parquet_file_that_cannot_be_read_is_told(tmp_path: Path, values: pa.Array) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"prompt": ["a"], "x": values}), path)
    for read in (read_rows, lambda path: list(stream_rows(path))):
        with pytest.raises(FileError, match=r"a\.parquet: .*not a readable Parquet file: .*Write it again"):
            read(path)


def test_two_columns_of_a_parquet_file_have_two_names(tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["prompt", "prompt"]), tmp_path / "a.parquet")
    with pytest.raises(FileError, match="two columns are named 'prompt'; rename one"):
        read_rows(tmp_path / "a.parquet")
