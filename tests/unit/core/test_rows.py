"""Files as they are in the wild: read as they are meant, or refused by name and row."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
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
