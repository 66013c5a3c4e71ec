"""Tables of the workflow in CSV: no text is a formula in a spreadsheet, and all come back as they were."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot.core.files import read_frame, write_csv
from polyglot.core.rows import read_rows, write_rows

STARTS = ("=", "+", "-", "@", "\t", "\uff1d")


def cells(path: Path, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [cell for row in csv.reader(file, delimiter=delimiter) for cell in row]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", "a;=1+1", "'=1"])
def test_a_text_is_no_formula_also_where_a_semicolon_ends_a_cell(text: str, tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"label": [text]}), tmp_path / "a.csv")
    assert not any(cell.startswith(STARTS) for mark in ",;" for cell in cells(tmp_path / "a.csv", mark))
    assert list(read_frame(tmp_path / "a.csv")["label"]) == [text]


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"gain": [-0.5, -1e-9], "count": [-3, 4], "teacher": ["-7", "nan"]})
    write_csv(frame, tmp_path / "a.csv")
    assert cells(tmp_path / "a.csv") == ["gain", "count", "teacher", "-0.5", "-3", "-7", "-1e-09", "4", "nan"]
    pd.testing.assert_frame_equal(read_frame(tmp_path / "a.csv"), frame)


@settings(max_examples=30)
@given(st.lists(st.text(st.sampled_from("=+-@'; \t\nax1,\""), min_size=1), min_size=1))
def test_every_text_comes_back_as_it_was(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        write_csv(pd.DataFrame({"name": texts, "count": 1}), path)
        assert list(read_frame(path)["name"]) == texts


@pytest.mark.parametrize("lines", ["one\rtwo", "one\r", "\rtwo", "one\r\ntwo"])
def test_a_text_with_a_carriage_return_ends_no_row_of_a_table(tmp_path: Path, lines: str) -> None:
    table = pd.DataFrame({"name": [lines, "a", None], "pgr": [0.5, None, 1.0], "n": [1, 2, 3]})
    write_csv(table, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_frame(tmp_path / "a.csv"), table, check_dtype=False)
    for name in ("b.csv", "b.tsv"):
        write_rows(table, tmp_path / name)
        assert [row["n"] for row in read_rows(tmp_path / name).to_dict("records")] == ["1", "2", "3"]
