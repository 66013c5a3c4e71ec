"""Data sets with two, three and five options, with their published fields: XCOPA, XNLI, CommonsenseQA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.files import read_jsonl, write_jsonl
from polyglot.evaluation.forms import Choice
from polyglot.evaluation.formulations import FORMULATIONS, Asked, Formulation
from polyglot.evaluation.items import BenchmarkError, read_items, write_items
from polyglot.evaluation.readers import READERS, Reader
from polyglot.evaluation.run import chance_scores, evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.study_checks import problems
from polyglot.evaluation.tasks import Task
from polyglot.evaluation.weights import WEIGHTINGS, Weighting
from polyglot.registry import load_registries
from polyglot.registry.data import BenchmarkFacts
from polyglot.workflow.check import check

XCOPA = {
    "premise": "Pria itu membuka keran.",
    "choice1": "Toilet terisi air.",
    "choice2": "Air mengalir.",
    "question": "effect",
    "label": 1,
    "idx": 4,
    "changed": False,
}
XNLI = {"premise": "Er ging nach Hause.", "hypothesis": "Er blieb dort.", "label": 2}
COMMONSENSE_QA = {
    "id": "1afa02df02c908a558b4036e80242fac",
    "question": "A revolving door is convenient, but serves as a security measure where?",
    "question_concept": "revolving door",
    "choices": {"label": ["A", "B", "C", "D", "E"], "text": ["bank", "library", "store", "mall", "city"]},
    "answerKey": "A",
}
PUBLISHED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "xcopa": ("id", "id/test-00000-of-00001.parquet", XCOPA),
    "xnli": ("de", "de/test-00000-of-00001.parquet", XNLI),
    "commonsenseqa": ("en", "data/validation-00000-of-00001.parquet", COMMONSENSE_QA),
}
"""Benchmark to a language, a file on the hub, and a row in it."""
SHOTS = {"xcopa": "id/validation-0.parquet", "xnli": "de/validation-0.parquet", "commonsenseqa": "data/train-0.parquet"}


@pytest.fixture(scope="module")
def facts(repository: Path) -> dict[str, BenchmarkFacts]:
    return dict(load_registries(repository / "config").benchmarks)


def put(folder: Path, name: str, *rows: dict[str, Any]) -> Path:
    for path in (folder / name / PUBLISHED[name][1], folder / name / SHOTS[name]):
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_parquet(path)
    return folder / name


def written(folder: Path, facts: dict[str, BenchmarkFacts], name: str, *rows: dict[str, Any]) -> list[Choice]:
    write_items(name, facts[name], put(folder, name, *rows), PUBLISHED[name][0], folder / "out")
    items = read_items(name, folder / "out/test.jsonl", (Choice,))
    return [item for item in items if isinstance(item, Choice)]


def test_a_cause_and_an_effect_are_joined_by_the_languages_words(tmp_path: Path, facts: dict[str, BenchmarkFacts]) -> None:
    effect, cause = written(tmp_path, facts, "xcopa", XCOPA, XCOPA | {"question": "cause", "label": 0, "idx": 5})
    assert effect.question == "Pria itu membuka keran maka"
    assert effect.options == ("Toilet terisi air.", "Air mengalir.")
    assert (effect.id, effect.answer, effect.subset) == ("4", 1, "effect")
    assert (cause.question, cause.answer, cause.subset) == ("Pria itu membuka keran karena", 0, "cause")
    asked = FORMULATIONS["letter"].ask(effect, False, 0)
    assert asked.query == "Pria itu membuka keran maka\nA. Toilet terisi air.\nB. Air mengalir.\nAnswer:"


def test_a_pair_of_sentences_has_three_labels(tmp_path: Path, facts: dict[str, BenchmarkFacts]) -> None:
    first, second = written(tmp_path, facts, "xnli", XNLI, XNLI | {"label": 0})
    assert first.question == "Er ging nach Hause.\nEr blieb dort."
    assert first.options == ("entailment", "neutral", "contradiction")
    assert (first.options[first.answer], second.options[second.answer]) == ("contradiction", "entailment")
    assert (first.id, second.id) == ("0", "1")


def test_a_language_has_label_words_of_its_own(tmp_path: Path, facts: dict[str, BenchmarkFacts]) -> None:
    german = facts["xnli"].model_copy(update={"words": {"de": ["folgt", "offen", "falsch"]}})
    (item,) = written(tmp_path, {"xnli": german}, "xnli", XNLI)
    assert item.options == ("folgt", "offen", "falsch")


def test_a_question_has_five_options(tmp_path: Path, facts: dict[str, BenchmarkFacts]) -> None:
    first, second = written(tmp_path, facts, "commonsenseqa", COMMONSENSE_QA, COMMONSENSE_QA | {"answerKey": "E", "id": "2"})
    assert first.options == ("bank", "library", "store", "mall", "city")
    assert (first.id, first.answer, second.answer) == (COMMONSENSE_QA["id"], 0, 4)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("xcopa", {"question": "reason"}, "row 2: question 'reason' is none of cause, effect"),
        ("xcopa", {"label": 2}, "row 2: label 2 is none of 0, 1"),
        ("xcopa", {"choice2": "Toilet terisi air."}, "row 2: choices: options A and B are both 'Toilet terisi air.'"),
        ("xcopa", {"premise": " "}, "row 2: no premise"),
        ("xnli", {"label": -1}, "row 2: label -1 is none of 0, 1, 2"),
        ("xnli", {"hypothesis": None}, "row 2: no hypothesis"),
        ("commonsenseqa", {"answerKey": ""}, "row 2: no answerKey"),
        ("commonsenseqa", {"answerKey": "F"}, "row 2: answerKey 'F' is none of A, B, C, D, E"),
        ("commonsenseqa", {"choices": {"label": ["A", "B"], "text": ["x"]}}, "row 2: choices .* with a text for each label"),
        ("commonsenseqa", {"choices": {"label": ["A"], "text": ["x"]}}, "row 2: choices has 1; an item needs two options"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path, facts: dict[str, BenchmarkFacts], name: str, change: dict[str, Any], message: str
) -> None:
    lang, file, row = PUBLISHED[name]
    folder = put(tmp_path, name, row, row | change)
    with pytest.raises(BenchmarkError, match=message) as error:
        write_items(name, facts[name], folder, lang, tmp_path / "out")
    assert str(error.value).startswith(f"benchmark '{name}': {folder / file}: row 2: ")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_field_that_one_row_lacks_is_named(tmp_path: Path, facts: dict[str, BenchmarkFacts], name: str) -> None:
    lang, _, row = PUBLISHED[name]
    entry = facts[name].model_copy(update={"test": ["test.jsonl"], "shots": []})
    for field in READERS[str(facts[name].items)].fields:
        for wrong in (row | {field: float("nan")}, {key: row[key] for key in row if key != field}):
            (tmp_path / "test.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(wrong)}\n", encoding="utf-8")
            with pytest.raises(BenchmarkError, match=rf"test\.jsonl: row 2: no {field};"):
                write_items(name, entry, tmp_path, lang, tmp_path / "out")
            assert check(tmp_path / "test.jsonl", tmp_path).problems == [f"row 2: no {field}; correct the row, or leave it out"]


def test_what_is_not_a_number_is_no_name_of_an_item_or_category(tmp_path: Path) -> None:
    row = {"question": "Who?", "choices": ["a", "b"], "answer": 0, "id": float("nan"), "category": float("nan")}
    (tmp_path / "test.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (item,) = read_items("ours", tmp_path / "test.jsonl", [Choice])
    assert (item.id, item.category) == ("0", "all")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_missing_column_is_named(tmp_path: Path, facts: dict[str, BenchmarkFacts], name: str) -> None:
    lang, _, row = PUBLISHED[name]
    for field in READERS[str(facts[name].items)].fields:
        folder = put(tmp_path, name, {key: value for key, value in row.items() if key != field})
        with pytest.raises(BenchmarkError, match=f"has no column {field}; it has: "):
            write_items(name, facts[name], folder, lang, tmp_path / "out")


def test_a_data_set_with_plain_rows_needs_no_reader(tmp_path: Path) -> None:
    entry = BenchmarkFacts.model_validate(
        {"formulations": ["letter"], "source": "ours", "languages": {"de": "deutsch"}, "test": ["{name}.jsonl"]}
    )
    rows = [{"question": "?", "choices": ["x", "y"], "answer": "B"}, {"question": "!", "choices": ["x", "y", "z"], "answer": "z"}]
    write_jsonl(rows, tmp_path / "deutsch.jsonl")
    assert write_items("ours", entry, tmp_path, "de", tmp_path / "out") == {"test.jsonl": 2}
    assert [row["answer"] for row in read_jsonl(tmp_path / "out/test.jsonl")] == [1, 2]


def test_names_of_every_shipped_entry_are_known_and_fit(facts: dict[str, BenchmarkFacts]) -> None:
    for name, entry in facts.items():
        found = problems(name, Benchmark(formulation=entry.formulations[0]), entry, Path("benchmarks.yaml"))
        assert list(found) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formulations": ["cloze", "leter"]}, "entry 'xnli', formulations: unknown formulation 'leter'; did you mean 'letter'"),
        ({"weighting": "rewardbnch"}, "entry 'xnli', weighting: unknown weighting 'rewardbnch'; did you mean 'rewardbench'"),
        ({"items": "xnly"}, "entry 'xnli', items: unknown reader of items 'xnly'; did you mean 'xnli'"),
        ({"items": "mgsm"}, "'mgsm' reads a problem .* which can be asked as: generative"),
        ({"formulations": ["cloze", "generative"]}, "no kind of item can be asked in all of: cloze, generative"),
        (
            {"words": {"de": ["ja", "nein"]}},
            "words.de: 2 words; the reader 'xnli' takes 3 .in English: entailment, neutral, contr",
        ),
    ],
)
def test_an_entry_that_cannot_be_run_is_named(facts: dict[str, BenchmarkFacts], change: dict[str, Any], message: str) -> None:
    entry = facts["xnli"].model_copy(update=change)
    found = list(problems("xnli", Benchmark(formulation="cloze"), entry, Path("benchmarks.yaml")))
    assert len([line for line in found if pd.Series([line]).str.contains(message).all()]) == 1


@pytest.mark.parametrize("name", ["clozee", "likelihood"])
def test_a_formulation_that_a_benchmark_has_not_is_named(facts: dict[str, BenchmarkFacts], name: str) -> None:
    (found,) = problems("xnli", Benchmark(formulation=name), facts["xnli"], Path("benchmarks.yaml"))
    said = {
        "clozee": "unknown formulation 'clozee'; did you mean 'cloze'?",
        "likelihood": "'likelihood' is none of: cloze, letter",
    }
    assert found.startswith(f"evaluation.benchmarks.xnli.formulation: {said[name]}")


@pytest.mark.slow
def test_a_model_is_evaluated_on_two_three_and_five_options(
    tmp_path: Path, facts: dict[str, BenchmarkFacts], nano_model: Path
) -> None:
    """From published rows through the reader and the task folder to lighteval, in both forms, with and without an example."""
    tasks = []
    for name, (lang, _, row) in PUBLISHED.items():
        ids = [{"idx": n} if name == "xcopa" else {"id": str(n)} if name == "commonsenseqa" else {} for n in range(4)]
        write_items(name, facts[name], put(tmp_path, name, *(row | own for own in ids)), lang, tmp_path / "tasks" / name)
        settings = Benchmark(formulation="letter", shots=1) if name == "xnli" else Benchmark(formulation="cloze")
        tasks.append(Task(name, lang, tmp_path / "tasks" / name, settings))
    mixed = [{"question": f"{n}?", "choices": ["red", "blue", "green", "black", "white"][:n], "answer": n - 1} for n in (2, 3, 5)]
    write_jsonl(mixed, tmp_path / "tasks/mixed/test.jsonl")
    tasks.append(Task("mixed", "en", tmp_path / "tasks/mixed", Benchmark(formulation="letter")))
    outcomes = evaluate(nano_model, tasks, batch_tokens=128)
    assert outcomes.groupby("benchmark").size().to_dict() == {"commonsenseqa": 4, "mixed": 3, "xcopa": 4, "xnli": 4}
    assert outcomes.groupby("benchmark")["weight"].sum().tolist() == pytest.approx([1] * 4)
    chance = {"xcopa:id": 1 / 2, "xnli:de": 1 / 3, "commonsenseqa:en": 1 / 5, "mixed:en": (1 / 2 + 1 / 3 + 1 / 5) / 3}
    assert chance_scores(tasks, outcomes) == pytest.approx(chance)
    for task in tasks:
        items = {item.id: item for item in read_items(task.benchmark, task.folder / "test.jsonl", (Choice,))}
        found = outcomes[outcomes["benchmark"] == task.benchmark]
        for example, correct, answer in zip(found["example_id"], found["correct"], found["answer"], strict=True):
            asked = task.formulation.ask(items[example], False, 0)
            assert answer in asked.choices
            assert bool(correct) == (answer == asked.choices[asked.gold])


@pytest.mark.slow
def test_the_choice_with_the_highest_likelihood_per_character_is_taken(tmp_path: Path, nano_model: Path) -> None:
    """Asked with the options in every order, a model chooses the same text."""
    options = ["rot", "blau", "eine Farbe", "Gold und Silber", "weiß"]
    orders = [options[turn:] + options[:turn] for turn in range(len(options))]
    rows = [{"question": "Welche Farbe?", "choices": order, "answer": 0} for order in orders]
    write_jsonl(rows, tmp_path / "test.jsonl")
    outcomes = evaluate(nano_model, [Task("colours", "de", tmp_path, Benchmark(formulation="cloze"))], batch_tokens=256)
    assert outcomes["answer"].nunique() == 1
    assert outcomes["correct"].sum() == 1


@pytest.mark.slow
def test_a_form_a_schema_and_a_weighting_of_ones_own(
    tmp_path: Path, facts: dict[str, BenchmarkFacts], nano_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a plugin adds is checked, read, asked and weighted like what is here: questions answered by yes or no."""
    for lookup in (READERS, FORMULATIONS, WEIGHTINGS):
        monkeypatch.setattr(lookup, "_known", dict(lookup._known))
    READERS.add(
        "yes-no",
        Reader("yes-no", Choice, ("ask",), lambda row, _: {"question": row["ask"], "choices": ["yes", "no"], "answer": 0}),
    )
    FORMULATIONS.add(
        "written",
        Formulation(
            "written", (Choice,), lambda item, few_shot, seed: Asked(item.question, ["yes"], 0), lambda written, item: True
        ),
    )
    WEIGHTINGS.add("first", Weighting("first", lambda outcomes: (outcomes["example_id"] == "0").astype(float), ("subset",)))
    own = facts["xcopa"].model_copy(update={"formulations": ["written"], "items": "yes-no", "weighting": "first", "words": {}})
    assert list(problems("own", Benchmark(formulation="written"), own, Path("benchmarks.yaml"))) == []
    write_items("own", own, put(tmp_path, "xcopa", {"ask": "Is it?"}, {"ask": "Was it?"}), "id", tmp_path / "out")
    settings = Benchmark(formulation="written", max_new_tokens=2)
    outcomes = evaluate(nano_model, [Task("own", "id", tmp_path / "out", settings, weighting="first")], batch_tokens=128)
    assert outcomes[["weight", "correct", "stratum"]].to_dict("list") == {
        "weight": [1.0, 0.0],
        "correct": [1, 1],
        "stratum": ["all", "all"],
    }
