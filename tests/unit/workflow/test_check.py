"""`polyglot check`: what a file is taken for, and what is wrong in it by row, before any job."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.__main__ import main
from polyglot.core.errors import ConfigurationError
from polyglot.evaluation.forms import REMEDY
from polyglot.seeds.seed_files import read_seed_file
from polyglot.workflow.check import check
from polyglot.workflow.checked import Checked
from polyglot.workflow.loading import load_study

CITY = {"question": "Mji gani?", "choices": ["Roma", "Lima", "Oslo"], "answer": "Lima"}


def checked(folder: Path, name: str, content: str | list[dict[str, Any]], root: Path | None = None) -> Checked:
    text = content if isinstance(content, str) else "\n".join(json.dumps(row) for row in content)
    (folder / name).write_text(text, encoding="utf-8")
    return check(folder / name, root or folder)


@pytest.mark.parametrize(
    ("name", "content", "kind", "fact"),
    [
        ("a.txt", "Habari?\nHabari?\n", "prompts without responses (plain text)", "2 rows, 0 with a response, 1 duplicates"),
        ("a.jsonl", [{"prompt": "a", "lang": "sw"}, {"prompt": "b", "lang": "de"}], "prompts without", "de 1, sw 1"),
        ("a.csv", "Prompt;Response\na;b\n", "prompts and responses", "1 rows, 1 with a response"),
        ("b.jsonl", [{"messages": [{"role": "user", "content": "a"}]}], "prompts without responses (messages)", "no shots"),
        ("c.jsonl", [CITY, CITY | {"choices": ["x", "y"], "answer": 0}], "multiple choice", "2 in 1 items, 3 in 1 items"),
        ("c.csv", "question,option_a,option_b,answer\nq,x,y,B\n", "multiple choice", "correct: B 1"),
        ("d.jsonl", [{"question": "2 + 2?", "answer_number": 4}], "a problem", "1 of them usable"),
        ("e.jsonl", [{"premise": "a", "hypothesis": "b", "label": 1}], "`items: xnli`", "correct: B 1"),
        ("f.jsonl", [{"instruction": str(n), "revised": "b", "original": "c"} for n in range(20)], "revised", "20 triplets"),
        (
            "g.csv",
            "Teacher;Lang;Reward;Prompt_Diversity;response_diversity;perplexity;note\nx;sw;4,5;0,1;0,2;3,0;n\n",
            "a table of metrics",
            "not used: note",
        ),
    ],
)
def test_a_file_is_taken_for_what_it_is(tmp_path: Path, name: str, content: Any, kind: str, fact: str) -> None:
    found = checked(tmp_path, name, content)
    assert kind in found.kind
    assert any(fact in one for one in found.facts), found.facts
    assert found.good, found.problems


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.jsonl", [{"prompt": "a"}, {"prompt": ""}, {"prompt": 3}], "row 2: empty prompt"),
        ("b.jsonl", [{"prompt": "a", "response": "b"}, {"prompt": "c"}], "row 2: empty response"),
        ("b2.jsonl", [{"id": 1, "prompt": "a"}, {"id": "1", "prompt": "b"}], "row 2: duplicate id in column 'id'"),
        (
            "b3.jsonl",
            [{"prompt": "a", "methods": ["respond"]}, {"prompt": "b", "methods": "speak"}],
            "row 2: unknown method 'speak'",
        ),
        ("test.jsonl", [{"text": "a"}, {"text": " "}], "row 2: no text"),
        ("c.jsonl", [CITY, CITY | {"answer": 3}], "row 2: answer 3 is none of the places 0 to 2"),
        ("d.jsonl", [{"question": "q", "choices": ["x", "y"]}], "row 1: no answer"),
        ("e.csv", "Question,option_a,option_b,answer\nq,x,y,B\n", "rename 'Question' to 'question'"),
        ("f.csv", "frage,antwort\na,b\n", "found: frage, antwort"),
        ("g.csv", "teacher,lang,reward\nx,sw,vier\n", "row 1: column 'reward' holds 'vier'"),
        ("h.yaml", "languages: [de]\n", "no key `study`"),
        ("i.docx", "x", "unsupported file type"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, content: Any, problem: str) -> None:
    found = checked(tmp_path, name, content)
    assert not found.good
    assert problem in found.problems[0]


@pytest.mark.parametrize("column", ["id", "lang", "methods", "source", "prompt", "response"])
def test_half_a_character_is_told_by_row(tmp_path: Path, column: str) -> None:
    rows = [{"prompt": "Was?", "response": "Das."}, {"prompt": "Wer?", "response": "Er.", column: "x \ud83d"}]
    found = checked(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    assert any(one.startswith("row 2: ") and "surrogate" in one for one in found.problems), found.problems


@pytest.mark.parametrize("field", ["question", "id", "category", "subset"])
def test_half_a_character_in_an_item_is_told_by_row(tmp_path: Path, field: str) -> None:
    found = checked(tmp_path, "test.jsonl", f"{json.dumps(CITY)}\n{json.dumps(CITY | {field: chr(0xD83D)})}\n")
    assert found.problems == [f"row 2: {field} has an unpaired surrogate, which is no character of a text; {REMEDY}"]


@pytest.mark.parametrize("name", [b"bad\xff.jsonl", b"bad\xff.csv"])
def test_a_file_whose_name_is_not_utf_8_is_read(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_text("prompt,response\na,b\n" if name.endswith(b"csv") else '{"prompt": "a", "response": "b"}\n')
    assert check(path, tmp_path).good
    assert list(read_seed_file(path, "de", {"de"})["source"]) == [path.name.replace("\udcff", "\ufffd")]
    path.write_text("")
    assert not check(path, tmp_path).good


def test_half_a_character_on_the_command_line_is_told(repository: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"half a character .* on the command line.*a\\ud800"):
        load_study(repository / "config/demo.yaml", repository, {"figures": {"all": {"width": "a\ud800"}}})


def test_the_language_of_prompts_is_guessed(tmp_path: Path) -> None:
    found = checked(tmp_path, "a.txt", "Mji mkuu wa Kenya ni upi, tafadhali niambie?\nHabari za asubuhi, rafiki yangu?\n")
    assert any("by a quick guess from 2 prompts: sw 100%" in fact for fact in found.facts), found.facts


def test_places_that_are_counted_from_1_are_suspected(tmp_path: Path) -> None:
    found = checked(tmp_path, "a.jsonl", [CITY | {"answer": 1 + n % 2} for n in range(10)])
    assert any("answer_from_1" in fact for fact in found.facts)


def test_a_study_is_checked_with_every_file_that_it_names(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(repository / "config")
    seeds, own = tmp_path / "de.txt", tmp_path / "own.jsonl"
    seeds.write_text("Was?\n", encoding="utf-8")
    own.write_text(json.dumps({"prompt": "a"}), encoding="utf-8")
    study = yaml.safe_load((repository / "config/demo.yaml").read_text(encoding="utf-8")) | {"study": "mine"}
    study["seed_dataset"] = {"files": {"de": str(seeds), "id": str(tmp_path / "absent.jsonl")}}
    study["selection"] = {"datasets": {"own": str(own)}}
    found = checked(tmp_path, "mine.yaml", yaml.safe_dump(study))
    assert found.kind == "a study", found.problems
    assert [part.good for part in found.parts] == [True, False, False]
    assert "file not found" in found.parts[1].problems[0]
    assert "no row has a prompt and a response" in found.parts[2].problems[0]


def test_the_command_fails_where_something_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.jsonl"
    good.write_text("Habari?\n", encoding="utf-8")
    bad.write_text("\n".join(json.dumps({"prompt": ""}) for _ in range(30)), encoding="utf-8")
    main(["check", str(good)])
    with pytest.raises(SystemExit) as ended:
        main(["check", str(good), str(bad), str(tmp_path / "absent")])
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert "wrong: row 1: empty prompt" in told
    assert "and 10 more that are wrong" in told
    assert "there is no such file or folder" in told
