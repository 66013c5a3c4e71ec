"""Training sets in other formats: whoever reads them gets the same prompts and responses."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from polyglot.__main__ import main
from polyglot.core.conversations import written
from polyglot.core.dialogues import read_dialogues
from polyglot.core.files import read_jsonl, write_parquet
from polyglot.publishing import formats
from polyglot.publishing.facts import TRAIN
from polyglot.publishing.formats import FORMATS, FormatError, export

PAIRS = pd.DataFrame(
    {
        "id": ["1", "2", "3"],
        "prompt": ["Habari?", 'two\nlines, "quoted"', "\u2028 שלום"],
        "response": ["Nzuri.", "\\n {}", "\U0001f600 jibu"],
        "thoughts": ["hm", "", ""],
    }
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("batch", [2, 100])
def test_a_reader_of_the_format_gets_the_same_pairs(
    tmp_path: Path, form: str, batch: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formats, "BATCH", batch)
    write_parquet(PAIRS, tmp_path / TRAIN)
    main(["export", str(tmp_path), "--as", form, "--to", str(tmp_path / "out/train.jsonl")])
    assert "3 examples" in capsys.readouterr().out
    found = read_dialogues(tmp_path / "out/train.jsonl")
    assert found.layout == {"messages": "messages", "sharegpt": "ShareGPT", "alpaca": "instructions"}[form]
    assert (list(found.prompt), list(found.response)) == (list(PAIRS["prompt"]), list(PAIRS["response"]))
    assert found.problems == []


def test_rows_have_the_keys_that_the_format_names(tmp_path: Path) -> None:
    write_parquet(PAIRS.head(1), tmp_path / "a.parquet")
    rows = {}
    for form in FORMATS:
        export(tmp_path / "a.parquet", tmp_path / "a.jsonl", form)
        rows[form] = read_jsonl(tmp_path / "a.jsonl")[0]
    assert rows == {
        "messages": {"messages": [{"role": "user", "content": "Habari?"}, {"role": "assistant", "content": "Nzuri."}]},
        "sharegpt": {"conversations": [{"from": "human", "value": "Habari?"}, {"from": "gpt", "value": "Nzuri."}]},
        "alpaca": {"instruction": "Habari?", "input": "", "output": "Nzuri."},
    }


@pytest.mark.parametrize("form", FORMATS)
def test_earlier_turns_are_written_in_every_format(tmp_path: Path, form: str) -> None:
    turns = [("system", "Sei knapp."), ("user", "2+2?"), ("assistant", "4"), ("user", "3+3?"), ("assistant", "6")]
    before = [{"role": role, "content": text} for role, text in turns[:3]]
    write_parquet(PAIRS[:2].assign(prompt="3+3?", response="6", history=["", written(before)]), tmp_path / "a.parquet")
    export(tmp_path / "a.parquet", tmp_path / "a.jsonl", form)
    single, whole = read_jsonl(tmp_path / "a.jsonl")
    if form == "alpaca":
        assert single == {"instruction": "3+3?", "input": "", "output": "6"}
        assert whole == single | {"system": "Sei knapp.", "history": [["2+2?", "4"]]}
    else:
        found = read_dialogues(tmp_path / "a.jsonl", "all")
        assert found.history is not None
        assert (list(found.history), list(found.prompt)) == (["", written(before)], ["3+3?", "3+3?"])
        assert len(whole["messages" if form == "messages" else "conversations"]) == len(turns)


def test_of_a_teachers_answers_only_usable_ones_are_written(tmp_path: Path) -> None:
    answers = PAIRS.assign(status=["ok", "duplicate", "ok"])
    write_parquet(answers, tmp_path / "a.parquet")
    assert export(tmp_path / "a.parquet", tmp_path / "a.jsonl", "messages") == (2, 0)
    write_parquet(answers.assign(status="empty"), tmp_path / "b.parquet")
    with pytest.raises(FormatError, match=r"b\.parquet: it has no usable example; nothing was written"):
        export(tmp_path / "b.parquet", tmp_path / "b.jsonl", "messages")
    assert not (tmp_path / "b.jsonl").exists()


def test_an_example_that_holds_a_key_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_API_KEY", "planted-0123456789-abcdef")
    monkeypatch.setattr(formats, "BATCH", 1)
    write_parquet(PAIRS.assign(response=["Nzuri.", "it is planted-0123456789-abcdef", "x"]), tmp_path / "a.parquet")
    main(["export", str(tmp_path / "a.parquet"), "--to", str(tmp_path / "a.jsonl")])
    assert "2 examples; 1 left out, because they hold a key" in capsys.readouterr().out
    assert "planted" not in (tmp_path / "a.jsonl").read_text(encoding="utf-8")


def test_what_is_no_training_set_is_said(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    with pytest.raises(SystemExit, match=r"export: .*train-00000-of-00001\.parquet: no such file; `snakemake publish`"):
        main(["export", str(tmp_path), "--to", str(target)])
    (tmp_path / "a.parquet").write_text("id,prompt", encoding="utf-8")
    with pytest.raises(FormatError, match=r"a\.parquet: no Parquet file"):
        export(tmp_path / "a.parquet", target, "alpaca")
    write_parquet(PAIRS.drop(columns="response"), tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"a\.parquet: no column response"):
        export(tmp_path / "a.parquet", target, "alpaca")
    assert not target.exists()


def test_a_data_set_is_not_lost_and_a_row_that_is_none_is_named(tmp_path: Path) -> None:
    write_parquet(PAIRS, tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"a\.parquet: it is the data set itself"):
        export(tmp_path / "a.parquet", tmp_path / "a.parquet", "messages")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == len(PAIRS)
    with pytest.raises(FormatError, match="a folder; name the file"):
        export(tmp_path / "a.parquet", tmp_path, "messages")
    for column, value, told in (
        ("response", None, "row 3: no text in column 'response'"),
        ("history", "[{", "row 3: column 'history': Expecting"),
        ("history", '[{"role": "robot", "content": "x"}]', "row 3: column 'history': no list of turns"),
        ("history", '[{"role": "user", "content": "x"}]', "row 3: column 'history': turn 2 is of 'user'"),
    ):
        usual = ["", ""] if column == "history" else ["x", "y"]
        pairs = PAIRS.copy()
        pairs[column] = [*usual, value]
        write_parquet(pairs, tmp_path / "b.parquet")
        with pytest.raises(FormatError, match=f"b.parquet: {told}"):
            export(tmp_path / "b.parquet", tmp_path / "b.jsonl", "messages")
    assert not (tmp_path / "b.jsonl").exists()


def test_a_pipe_and_a_link_are_still_there_afterwards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_parquet(PAIRS, tmp_path / "a.parquet")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.jsonl").symlink_to("there.jsonl")
    with pytest.raises(SystemExit, match=r"export: .*pipe: a pipe or device; name a file"):
        main(["export", str(tmp_path / "a.parquet"), "--to", str(tmp_path / "pipe")])
    assert (tmp_path / "pipe").is_fifo()
    main(["export", str(tmp_path / "a.parquet"), "--to", str(tmp_path / "link.jsonl")])
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(read_jsonl(tmp_path / "there.jsonl")) == 3
    assert "3 examples" in capsys.readouterr().out


def test_the_command_offers_every_format() -> None:
    from polyglot.__main__ import parser

    for form in FORMATS:
        assert parser().parse_args(["export", "a", "--as", form, "--to", "b"]).form == form
