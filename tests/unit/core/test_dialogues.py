"""Files as people have them: every layout is recognised by its columns, and what is wrong is named with row and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.dialogues import read_dialogues
from polyglot.core.rows import FileError, read_rows, write_rows

PAIRS = [("Habari?", "Nzuri."), ("Jina lako?", "Naitwa Asha.")]
ROWS: dict[str, list[Any]] = {
    "prompts": [{"Prompt": prompt, "lang": "sw"} for prompt, _ in PAIRS],
    "prompts and responses": [{"prompt": prompt, "Response": response} for prompt, response in PAIRS],
    "instructions": [{"instruction": prompt, "input": "", "output": response} for prompt, response in PAIRS],
    "messages": [
        {
            "messages": [
                {"role": "system", "content": "Jibu kwa Kiswahili."},
                {"role": "user", "content": prompt},
                {"role": "assistant", "content": response},
            ]
        }
        for prompt, response in PAIRS
    ],
    "ShareGPT": [
        {
            "conversations": [
                {"from": "human", "value": prompt},
                {"from": "gpt", "value": response},
                {"from": "human", "value": "?"},
            ]
        }
        for prompt, response in PAIRS
    ],
}


def written(path: Path, rows: list[Any]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    elif path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:
        frame = pd.DataFrame(rows).map(lambda value: value if isinstance(value, str) else json.dumps(value))
        frame.to_csv(path, index=False, sep=";" if path.suffix == ".csv" else "\t", encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("layout", ROWS)
@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "csv", "tsv"])
def test_every_layout_in_every_format_is_recognised(tmp_path: Path, layout: str, kind: str) -> None:
    found = read_dialogues(written(tmp_path / f"mine.{kind}", ROWS[layout]))
    assert found.layout == layout
    assert list(found.prompt) == [prompt for prompt, _ in PAIRS]
    assert list(found.response) == ["", ""] if layout == "prompts" else [response for _, response in PAIRS]
    assert found.problems == []


def test_a_plain_text_is_one_prompt_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeffHabari, rafiki?\n\n  Jina lako?\n", encoding="utf-8")
    found = read_dialogues(path)
    assert (found.layout, list(found.prompt), list(found.prompt.index)) == (
        "plain text",
        ["Habari, rafiki?", "Jina lako?"],
        [0, 2],
    )


def test_what_an_instruction_is_about_follows_it_and_what_is_not_read_is_said(tmp_path: Path) -> None:
    rows = [{"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"}]
    assert list(read_dialogues(written(tmp_path / "a.jsonl", rows)).prompt) == ["Translate.\nGuten Tag"]
    assert read_dialogues(written(tmp_path / "m.jsonl", ROWS["messages"])).notes == [
        "2 rows have a system turn, which is not read"
    ]
    assert "turns after the first response" in read_dialogues(written(tmp_path / "s.jsonl", ROWS["ShareGPT"])).notes[0]
    told = read_dialogues(written(tmp_path / "p.jsonl", [{"prompt": "a", "reply": "b"}])).notes
    assert told == ["no responses: none of the columns is response, output, completion, answer; not read: reply"]


@pytest.mark.parametrize(
    ("rows", "row", "what"),
    [
        ([{"messages": "Habari"}], 1, "a text, not a list of turns"),
        ([*ROWS["messages"], {"messages": [{"role": "assistant", "content": "x"}]}], 3, "no turn of a user with text"),
        ([*ROWS["ShareGPT"], {"conversations": [{"who": "human"}]}], 3, "turn 1 has no `role` and `content`"),
        ([{"prompt": "a"}, {"prompt": 5}], 2, r"prompt is not text in column 'prompt' \(value: 5\)"),
        ([{"instruction": "a", "output": 5}], 1, "response is not text in column 'output'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, rows: list[Any], row: int, what: str) -> None:
    with pytest.raises(FileError, match=rf"mine\.jsonl: row {row}: {what}"):
        read_dialogues(written(tmp_path / "mine.jsonl", rows)).check()


def test_columns_that_say_nothing_end_in_one_error_with_every_layout(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"found: text, reply\. Rename your columns.*`messages`.*`conversations`"):
        read_dialogues(written(tmp_path / "mine.jsonl", [{"text": "a", "reply": "b"}]))
    with pytest.raises(FileError, match=r"items of a benchmark, not prompts \(found: question, choices, answer\)"):
        read_dialogues(written(tmp_path / "mine.jsonl", [{"question": "a", "choices": ["b", "c"], "answer": 0}]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt\nWas ist das, bitte?\n", r"row 1: 2 fields, and 1 names of columns .*ends in \.txt"),
        ('prompt,response\na,"b\n', "not a readable CSV file: unexpected end of data"),
        ("prompt,prompt\na,b\n", "two columns are named 'prompt'"),
        ("", "the file is empty"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(FileError, match=message):
        read_rows(tmp_path / "mine.csv")


def test_objects_of_other_shapes_say_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"data": [{"prompt": "a"}]}')
    with pytest.raises(FileError, match="its rows may be in data"):
        read_rows(path)
    path.write_text('["Habari?"]')
    with pytest.raises(FileError, match=r"a list of plain texts is a \.txt with one prompt a line"):
        read_rows(path)
    path.write_text('{"prompt": "a"}\n{"prompt": "b"}\n')
    assert list(read_rows(path)["prompt"]) == ["a", "b"]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "csv", "tsv"])
def test_rows_are_written_as_they_were_read(tmp_path: Path, kind: str) -> None:
    rows = [{"prompt": "a\u2028b", "response": 'c "d"\ne', "n": "1"}, {"prompt": "x;y,z", "response": "\tw", "n": "2"}]
    frame = read_rows(written(tmp_path / f"a.{kind}", rows))
    write_rows(frame, tmp_path / f"b.{kind}")
    again = read_rows(tmp_path / f"b.{kind}")
    assert again.to_dict("records") == frame.to_dict("records") == rows


def test_json_keeps_numbers_nulls_and_what_a_row_lacks(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": None, "c": [{"d": 2}]}, {"a": 2}]
    write_rows(read_rows(written(tmp_path / "a.jsonl", rows)), tmp_path / "b.jsonl")
    assert [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()] == rows


NESTED = "[" * 900 + "]" * 900


@pytest.mark.parametrize("column", ["id", "messages", "unread"])
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_row_that_is_nested_too_deep_is_named(tmp_path: Path, column: str, ending: str) -> None:
    path, good = tmp_path / f"a.{ending}", '{"prompt": "a", "response": "b"}'
    row = f'{{"prompt": "a", "response": "b", "{column}": {NESTED}}}'
    path.write_text(f"{good}\n{row}\n" if ending == "jsonl" else f"[{good},\n{row}]")
    with pytest.raises(FileError, match=r"row 2: lists or objects nested too deep to be read; flatten the row or delete it"):
        read_dialogues(path)


@pytest.mark.parametrize("turns", [NESTED, "[" * 100_000])
def test_turns_in_a_text_that_is_nested_too_deep_are_a_problem_of_the_row(tmp_path: Path, turns: str) -> None:
    found = read_dialogues(written(tmp_path / "a.jsonl", [{"messages": turns}, {"messages": "null"}]))
    assert [one.what for one in found.problems] == [
        "lists or objects nested too deep to be read in column 'messages'",
        "NoneType, not a list of turns in column 'messages'",
    ]


def test_half_a_character_in_a_name_of_a_column_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": "b", "\\ud800": 1}\n')
    with pytest.raises(FileError, match=r"row 2: half a character in a name of a column .*; rename the column"):
        read_dialogues(path)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=\t"])
def test_excels_line_that_names_the_separator_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.csv").write_text(f"{line}\nprompt;response\na;b\n")
    with pytest.raises(FileError, match=rf"a\.csv: the first line, {line.strip()}, is for Excel alone; delete it"):
        read_rows(tmp_path / "a.csv")
