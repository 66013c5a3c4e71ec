"""Items: rows with any number of options are read, and a wrong one is named with its remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.rows import write_rows
from polyglot.evaluation.forms import Choice, Item, ItemError, Preference, Problem, letter
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.items import BenchmarkError, benchmark_questions, read_items, shots_file
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task, questions

CITY = {"question": "Welche Stadt?", "choices": ["Rom", "Oslo", "Lima"], "answer": 1}
PREFERENCE = {"id": 1, "prompt": "p", "chosen": "good", "rejected": "bad", "subset": "s", "category": "c"}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


def put(folder: Path, *rows: dict[str, Any] | str) -> Path:
    path = folder / "test.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".json", ".parquet"])
def test_items_are_taken_from_any_format_that_has_columns(tmp_path: Path, ending: str) -> None:
    rows = [CITY | {"choices": json.dumps(CITY["choices"])}, {"question": "Wo?", "choices": '["hier", "da"]', "answer": 0}]
    put(tmp_path, *rows)
    task = Task("own", "de", tmp_path, Benchmark(formulation="letter", shots=2))
    (tmp_path / "dev.jsonl").write_bytes((tmp_path / "test.jsonl").read_bytes())
    wanted = questions(task, 0)
    write_rows(pd.DataFrame(rows), tmp_path / f"test{ending}")
    with pytest.raises(BenchmarkError, match=r"test.jsonl and test.* are both there; keep one"):
        questions(task, 0)
    (tmp_path / "test.jsonl").unlink()
    (tmp_path / f"test{ending}").replace(tmp_path / f"dev{ending}")
    (tmp_path / "dev.jsonl").unlink()
    assert shots_file("own", tmp_path) == tmp_path / f"dev{ending}"
    write_rows(pd.DataFrame(rows), tmp_path / f"test{ending}")
    assert questions(task, 0) == wanted
    assert list(benchmark_questions([tmp_path]).values()) == [[CITY["question"], "Wo?"]]


@pytest.mark.parametrize("answer", [1, 1.0, "1", "B", "Oslo", "b", "(b)", "B.", "b)"])
def test_an_answer_is_a_place_a_letter_or_a_text(answer: float | str) -> None:
    item = Choice.from_row(CITY | {"answer": answer}, 7)
    assert item == Choice("7", "all", "all", question="Welche Stadt?", options=("Rom", "Oslo", "Lima"), answer=1)


def test_the_text_of_an_option_comes_before_a_small_letter() -> None:
    row = {"question": "?", "option_a": "b", "option_b": "a", "option_c": "x"}
    assert [Choice.from_row(row | {"answer": said}, 0).answer for said in ("a", "b", "c", "A")] == [1, 0, 2, 0]


@pytest.mark.parametrize("options", [2, 3, 5, 26])
def test_options_in_fields_of_their_own_have_letters(options: int) -> None:
    fields = {f"option_{letter(place).lower()}": f"city {place}" for place in range(options)}
    item = Choice.from_row({"question": "?", "sample_id": "x/1", "answer": letter(options - 1), **fields}, 0)
    assert item.options == tuple(fields.values())
    assert (item.id, item.answer) == ("x/1", options - 1)


def test_an_answer_that_is_counted_from_1_says_so() -> None:
    row = {"question": "?", "choices": ["x", "y"]}
    assert [Choice.from_row(row | {"answer_from_1": place}, 0).answer for place in (1, "2")] == [0, 1]
    with pytest.raises(ItemError, match="answer_from_1 0 is none of 1, 2"):
        Choice.from_row(row | {"answer_from_1": 0}, 0)


def test_a_table_holds_the_options_as_json_or_a_column_each() -> None:
    assert Choice.from_row({"question": "?", "choices": '["x", "y"]', "answer": "1"}, 0).options == ("x", "y")
    assert Choice.from_row({"question": "?", "choices": ["0", "2", "1"], "answer": "2"}, 0).answer == 1, (
        "JSON has numbers for places"
    )
    columns = {"question": "?", "option_a": "7", "option_b": "0"}
    with pytest.raises(ItemError, match="place of one option and the text of another"):
        Choice.from_row(columns | {"answer": "0"}, 0)
    with pytest.raises(ItemError, match="choices is not a list in JSON"):
        Choice.from_row({"question": "?", "choices": "[x, y", "answer": "0"}, 0)


def test_where_options_have_letters_an_answer_is_a_letter() -> None:
    """Blood groups: the letter counts, although it is the text of another option."""
    row = {"question": "?", "option_a": "B", "option_b": "A", "answer": "A"}
    assert Choice.from_row(row, 0).answer == 0


@given(question=texts, options=st.lists(texts, min_size=2, max_size=30, unique=True), data=st.data())
def test_a_choice_survives_its_file(question: str, options: list[str], data: st.DataObject) -> None:
    answer = data.draw(st.integers(0, len(options) - 1))
    item = Choice("x", "c", "s", question=question, options=tuple(options), answer=answer)
    assert Choice.from_row(json.loads(json.dumps(item.to_row())), 0) == item


@pytest.mark.parametrize(
    "item",
    [
        Preference("x", "c", "s", prompt="p", chosen="good", rejected="bad"),
        Problem("0", "math", "math", question="2 + 2?", number="4", worked="2 + 2 = 4"),
    ],
)
def test_other_items_survive_their_file(item: Item) -> None:
    assert type(item).from_row(item.to_row(), 0) == item


@pytest.mark.parametrize(
    ("formulation", "row", "message"),
    [
        ("cloze", CITY | {"choices": ["Rom"]}, "choices has 1; an item needs two options or more"),
        ("cloze", CITY | {"choices": []}, "choices has 0"),
        ("cloze", CITY | {"choices": ["Rom", " "]}, r"no choices\[1\]"),
        ("cloze", CITY | {"choices": ["Rom", "Oslo", "Rom"]}, "options A and C are both 'Rom'.*duplicate_options: keep"),
        ("letter", CITY | {"answer": 3}, "answer 3 is none of the places 0 to 2; .*name the field `answer_from_1`"),
        ("letter", CITY | {"answer": -1}, "answer -1 is none of the places 0 to 2"),
        ("letter", CITY | {"answer": "D"}, "answer 'D' is none of A, B, C, nor the text of an option"),
        ("letter", CITY | {"answer": True}, "answer 'True' is none of A, B, C"),
        ("letter", CITY | {"choices": ["B", "A"], "answer": "A"}, "letter or place of one option and the text of another; give"),
        ("letter", {"question": "?", "option_a": "x", "option_b": "y", "answer": "C"}, "answer 'C' is none of A, B, nor"),
        ("letter", {"question": "?", "option_a": "x", "option_c": "y", "answer": "C"}, "no option_b"),
        ("letter", {key: value for key, value in CITY.items() if key != "answer"}, "no answer"),
        ("cloze", {"choices": ["x", "y"], "answer": 0}, "no question"),
        ("cloze", {"question": "?", "answer": 0}, "no choices"),
        ("likelihood", PREFERENCE | {"rejected": None}, "no rejected"),
        ("likelihood", PREFERENCE | {"rejected": "good"}, "chosen and rejected are the same text"),
        ("letter", PREFERENCE | {"category": ""}, "no category"),
        ("generative", {"question": "?", "answer_number": "four"}, "answer_number 'four' has no number"),
        ("generative", {"question": "?"}, "no answer_number"),
        ("cloze", '["Rom"]', "a list, not an object"),
        ("cloze", '{"question": ', "not JSON"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, formulation: str, row: dict[str, Any] | str, message: str) -> None:
    right = {"cloze": CITY, "letter": CITY, "likelihood": PREFERENCE, "generative": {"question": "?", "answer_number": 4}}
    path = put(tmp_path, right[formulation], row)
    with pytest.raises(BenchmarkError, match=message) as error:
        read_items("cities", path, FORMULATIONS[formulation].takes)
    assert str(error.value).startswith(f"benchmark 'cities': {path}: row 2: ")


def test_two_equal_options_can_be_kept(tmp_path: Path) -> None:
    path = put(tmp_path, CITY | {"choices": ["Rom", "Oslo", "Rom"]})
    (item,) = read_items("cities", path, (Choice,), keep_duplicates=True)
    assert isinstance(item, Choice)
    assert item.options == ("Rom", "Oslo", "Rom")


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path: Path) -> None:
    question = "Welche\u2028Stadt?\x85"
    path = put(tmp_path, CITY | {"question": question})
    (item,) = read_items("cities", path, (Choice,))
    assert isinstance(item, Choice)
    assert item.question == question
    assert list(benchmark_questions([tmp_path]).values()) == [[question]]


def test_two_items_with_one_id_are_named(tmp_path: Path) -> None:
    put(tmp_path, CITY | {"id": "x"}, CITY | {"id": "y"}, CITY | {"id": "x"})
    with pytest.raises(BenchmarkError, match="row 3: id 'x' is also used in row 1; give each item a unique id"):
        questions(Task("cities", "de", tmp_path, Benchmark(formulation="cloze")), 0)


def test_an_id_may_come_again_in_another_stratum(tmp_path: Path) -> None:
    put(tmp_path, PREFERENCE, PREFERENCE | {"subset": "other"})
    task = Task("pairs", "de", tmp_path, Benchmark(formulation="letter"), weighting="rewardbench")
    assert len(questions(task, 0).items) == 2
