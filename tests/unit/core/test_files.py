"""Tables of the workflow in CSV: no text is a formula in a spreadsheet, and all come back as they were. Only plain files are
replaced."""

from __future__ import annotations

import csv
import os
import stat
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame, replaceable, write_csv, write_text
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


def test_of_a_link_the_file_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to("there/b.txt")
    for text in ("new", "replaced"):
        write_text(text, link)
        assert link.is_symlink()
        assert (tmp_path / "there/b.txt").read_text() == text
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["b.txt"]


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(WrongInput, match=f"{name}: a pipe or device; name a file"):
            write_text("a", tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/fd/1", "/dev/nothing", "/proc/self/fd/1"])
def test_what_belongs_to_the_system_is_never_replaced(name: str) -> None:
    with pytest.raises(WrongInput, match="a pipe or device; name a file"):
        replaceable(Path(name))


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="a folder; name a file"):
        write_text("a", tmp_path)
    assert list(tmp_path.iterdir()) == []
