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
