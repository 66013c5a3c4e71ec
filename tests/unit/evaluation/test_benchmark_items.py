"""Benchmark items: read from files with their data sets' real field names into what evaluation reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.files import read_jsonl, write_jsonl
from polyglot.evaluation.forms import Preference, Problem
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.items import BenchmarkError, read_items, write_items
from polyglot.evaluation.readers import CATEGORIES
from polyglot.evaluation.run import evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.registry import load_registries
from polyglot.registry.data import BenchmarkFacts

GLOBAL_MMLU = {
    "sample_id": "anatomy/test/0",
    "subject": "anatomy",
    "subject_category": "Medical",
    "question": "Welcher Knochen\nliegt im Ohr? 🦴",
    "option_a": "Amboss",
    "option_b": "Elle",
    "option_c": "Speiche",
    "option_d": "Rippe",
    "answer": "A",
    "required_knowledge": "['none']",
    "time_sensitive": "['no']",
    "reference": "[]",
    "culture": "[]",
    "region": "[]",
    "country": "[]",
    "cultural_sensitivity_label": "CA",
    "is_annotated": True,
}
REWARD_BENCH = {
    "id": 30,
    "prompt": "ما هي عاصمة فرنسا؟",
    "chosen": "باريس.",
    "rejected": "لا أعرف.",
    "language": "arb_Arab",
    "chosen_model": "a",
    "rejected_model": "b",
    "source": "alpacaeval-easy",
    "category": "Chat",
}
MGSM = 'Janets Enten legen "16" Eier pro Tag. Wie viele bleiben?\t18\nZwei und zwei?\t1,234\n'
WORKED = {
    "question": "Frage: 3 + 4?",
    "answer": "Schritt-für-Schritt-Antwort: 3 + 4 = 7.",
    "answer_number": 7,
    "equation_solution": "3 + 4 = 7",
}


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Data sets as they lie on the hub, two items each."""

    def put(name: str, rows: list[dict[str, Any]]) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_parquet(path)

    second = GLOBAL_MMLU | {"sample_id": "anatomy/test/1", "answer": "D"}
    put("global-mmlu-lite/de/test-00000-of-00001.parquet", [GLOBAL_MMLU, second])
    put("global-mmlu-lite/de/dev-00000-of-00001.parquet", [GLOBAL_MMLU | {"sample_id": "anatomy/dev/0"}])
    put("m-rewardbench/arb_Arab/test-00000-of-00001.parquet", [REWARD_BENCH, REWARD_BENCH | {"prompt": "سؤال آخر"}])
    put("mgsm/de/train-00000-of-00001.parquet", [WORKED] * 8)
    (tmp_path / "mgsm/mgsm_de.tsv").write_text(MGSM, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def facts(repository: Path) -> dict[str, BenchmarkFacts]:
    return dict(load_registries(repository / "config").benchmarks)


@pytest.mark.parametrize(("name", "lang"), [("global-mmlu-lite", "de"), ("m-rewardbench", "ar"), ("mgsm", "de")])
def test_items_keep_their_texts_and_can_be_asked(
    hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path, name: str, lang: str
) -> None:
    written = write_items(name, facts[name], hub / name, lang, tmp_path / "out")
    rows = read_jsonl(tmp_path / "out/test.jsonl")
    assert written["test.jsonl"] == len(rows) == 2
    for formulation in (FORMULATIONS[name] for name in facts[name].formulations):
        for item in read_items(name, tmp_path / "out/test.jsonl", formulation.takes):
            asked = formulation.ask(item, False, 0)
            assert asked.query.strip()
            assert asked.choices[asked.gold]
            assert item.category


def test_a_choice_and_its_few_shot_examples(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    name = "global-mmlu-lite"
    assert write_items(name, facts[name], hub / name, "de", tmp_path / "out") == {"test.jsonl": 2, "dev.jsonl": 1}
    row = read_jsonl(tmp_path / "out/test.jsonl")[0]
    assert row["question"] == GLOBAL_MMLU["question"]
    assert "culture" not in row


def test_a_problem_keeps_quotes_and_its_number(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    write_items("mgsm", facts["mgsm"], hub / "mgsm", "de", tmp_path / "out")
    first, second = read_jsonl(tmp_path / "out/test.jsonl")
    assert first["question"] == 'Janets Enten legen "16" Eier pro Tag. Wie viele bleiben?'
    assert (first["answer_number"], first["answer"]) == ("18", "")
    assert Problem.from_row(second, 1).number == "1234"
    assert read_jsonl(tmp_path / "out/dev.jsonl")[0]["answer"] == "3 + 4 = 7."


@pytest.mark.parametrize(
    ("lang", "shot", "asked"),
    [
        ("de", ("Frage: 3 + 4?", "Schritt-für-Schritt-Antwort: 3 + 4 = 7."), "Frage: {}\nSchritt-für-Schritt-Antwort:"),
        ("en", ("Question: 3 + 4?", "Step-by-Step Answer: 3 + 4 = 7."), "Question: {}\nStep-by-Step Answer:"),
        ("es", ("Pregunta: 3 + 4?", "Respuesta paso a paso: 3 + 4 = 7."), "Pregunta: {}\nRespuesta paso a paso:"),
        ("ja", ("問題：3 + 4?", "ステップごとの答え：3 + 4 = 7."), "問題：{}\nステップごとの答え："),
        ("ja", ("問題: 3 + 4?", "ステップごとの答え: 3 + 4 = 7."), "問題：{}\nステップごとの答え："),
        ("fr", ("Question : 3 + 4?", "Réponse étape par étape : 3 + 4 = 7."), "Question : {}\nRéponse étape par étape :"),
        ("ru", ("Задача: 3 + 4?", "Пошаговоерешение: 3 + 4 = 7."), "Задача: {}\nПошаговое решение:"),
        ("zh", ("问题: 3 + 4?", "逐步解答: 3 + 4 = 7."), "问题：{}\n逐步解答："),
        ("th", ("โจทย์: 3 + 4?", "คำตอบทีละขั้นตอน: 3 + 4 = 7."), "โจทย์: {}\nคำตอบทีละขั้นตอน:"),
        ("ja", ("3 + 4?", "3 + 4 = 7."), "問題：{}\nステップごとの答え："),
    ],
)
def test_shots_and_items_of_mgsm_have_the_same_form(
    tmp_path: Path, facts: dict[str, BenchmarkFacts], lang: str, shot: tuple[str, str], asked: str
) -> None:
    """Its few-shot examples begin with the language's words for question and answer, its items do not."""
    rows: dict[str, dict[str, Any]] = {
        "train": {"question": shot[0], "answer": shot[1]},
        "test": {"question": "3 + 4?", "answer": None},
    }
    for split, row in rows.items():
        path = tmp_path / f"hub/{lang}/{split}-0.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row | {"answer_number": 7}]).to_parquet(path)
    write_items("mgsm", facts["mgsm"], tmp_path / "hub", lang, tmp_path / "out")
    (item,), (example,) = (
        read_items("mgsm", tmp_path / f"out/{split}.jsonl", (Problem,), lang=lang) for split in ("test", "dev")
    )
    for name, answer in {"steps": "3 + 4 = 7.", "generative": "3 + 4 = 7.", "number": "7"}.items():
        formulation = FORMULATIONS[name]
        assert formulation.ask(item, False, 0).query == formulation.ask(example, True, 0).query
        assert formulation.ask(example, True, 0).choices == [answer]
    assert FORMULATIONS["steps"].ask(item, False, 0).query == asked.format("3 + 4?")
    assert FORMULATIONS["generative"].ask(item, False, 0).query == "3 + 4?"
    alone = facts["mgsm"].words[lang][2]
    assert FORMULATIONS["number"].ask(item, False, 0).query == f"3 + 4?\n\n{alone}\nAnswer:"


def test_of_a_number_alone_the_first_counts_and_of_a_solution_the_last() -> None:
    item = Problem("0", "math", "math", question="3 + 4?", number=7, worked="", lang="de")
    right = {name: FORMULATIONS[name].right for name in ("number", "steps")}
    for written, number, steps in (("7", 1, 1), ("3 + 4 = 7", 0, 1), ("7 Eier, also 3 mehr als 4", 1, 0), ("", 0, 0)):
        judged = {name: judge is not None and judge(written, item) for name, judge in right.items()}
        assert judged == {"number": bool(number), "steps": bool(steps)}, written


def test_a_judge_sees_both_responses_in_the_order_of_the_letters() -> None:
    row = {"id": "1", "prompt": "Wer {bist} du?", "chosen": "gut", "rejected": "schlecht", "subset": "s", "category": "c"}
    item = Preference.from_row(row, 0)
    asked = FORMULATIONS["judge"].ask(item, False, 0)
    shown = {"A": asked.query.index("\nA. "), "B": asked.query.index("\nB. ")}
    assert asked.query.endswith("\nAnswer:")
    assert "impartial judge" in asked.query
    assert "\n\nWer {bist} du?\nA. " in asked.query
    assert asked.choices == ["A", "B"]
    assert asked.query[shown[asked.choices[asked.gold]] :].startswith(f"\n{asked.choices[asked.gold]}. gut\n")
    assert asked.gold == FORMULATIONS["letter"].ask(item, False, 0).gold


def test_words_of_a_problem_are_three_texts(tmp_path: Path) -> None:
    row = {"question": "3 + 4?", "answer_number": 7, "words": ["Frage:"]}
    write_jsonl([row], tmp_path / "test.jsonl")
    with pytest.raises(BenchmarkError, match=r"row 1: words \['Frage:'\] is not a list of 3 texts such as"):
        read_items("sums", tmp_path / "test.jsonl", (Problem,))


def test_the_same_items_in_two_forms_count_once(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    problems = [{"question": "Zwei und zwei?", "answer": None, "answer_number": 4}] * 3
    pd.DataFrame(problems).to_parquet(hub / "mgsm/de/test-00000-of-00001.parquet")
    assert write_items("mgsm", facts["mgsm"], hub / "mgsm", "de", tmp_path / "both")["test.jsonl"] == 2
    (hub / "mgsm/mgsm_de.tsv").unlink()
    assert write_items("mgsm", facts["mgsm"], hub / "mgsm", "de", tmp_path / "one")["test.jsonl"] == 3


def test_the_multilingual_data_set_calls_subsets_sources(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    write_items("m-rewardbench", facts["m-rewardbench"], hub / "m-rewardbench", "ar", tmp_path / "out")
    assert {row["subset"] for row in read_jsonl(tmp_path / "out/test.jsonl")} == {"alpacaeval-easy"}


def test_an_id_that_repeats_is_told_apart(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    write_items("m-rewardbench", facts["m-rewardbench"], hub / "m-rewardbench", "ar", tmp_path / "out")
    assert [row["id"] for row in read_jsonl(tmp_path / "out/test.jsonl")] == ["30", "30#2"]


def test_a_category_follows_from_the_subset(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    path = hub / "m-rewardbench/arb_Arab/test-00000-of-00001.parquet"
    subsets = [subset for names in CATEGORIES.values() for subset in names]
    pd.DataFrame([REWARD_BENCH | {"subset": subset} for subset in subsets]).drop(columns="category").to_parquet(path)
    write_items("m-rewardbench", facts["m-rewardbench"], hub / "m-rewardbench", "ar", tmp_path / "out")
    rows = read_jsonl(tmp_path / "out/test.jsonl")
    assert {row["category"] for row in rows} == {"Chat", "Chat Hard", "Safety", "Reasoning"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": None}, "row 2: no question"),
        ({"option_c": "  "}, "row 2: no option_c"),
        ({"answer": "E"}, "row 2: answer 'E' is none of A, B, C, D"),
    ],
)
def test_a_broken_row_is_named(
    hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = hub / "global-mmlu-lite/de/test-00000-of-00001.parquet"
    pd.DataFrame([GLOBAL_MMLU, GLOBAL_MMLU | change]).to_parquet(path)
    with pytest.raises(BenchmarkError, match=message) as error:
        write_items("global-mmlu-lite", facts["global-mmlu-lite"], hub / "global-mmlu-lite", "de", tmp_path / "out")
    assert str(path) in str(error.value)


def test_missing_files_and_columns_are_named(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path) -> None:
    name = "global-mmlu-lite"
    with pytest.raises(BenchmarkError, match=r"no file in .* matches es/test-\*\.parquet"):
        write_items(name, facts[name], hub / name, "es", tmp_path / "out")
    pd.DataFrame([GLOBAL_MMLU]).drop(columns="option_d").to_parquet(hub / name / "de/test-00000-of-00001.parquet")
    with pytest.raises(BenchmarkError, match="has no column option_d; it has: sample_id"):
        write_items(name, facts[name], hub / name, "de", tmp_path / "out")


@pytest.mark.slow
def test_a_model_is_evaluated_on_them(hub: Path, facts: dict[str, BenchmarkFacts], tmp_path: Path, nano_model: Path) -> None:
    tasks = []
    for name, lang in (("global-mmlu-lite", "de"), ("m-rewardbench", "ar")):
        write_items(name, facts[name], hub / name, lang, tmp_path / "items" / name)
        tasks.append(Task(name, lang, tmp_path / "items" / name, Benchmark(formulation="letter")))
    write_items("mgsm", facts["mgsm"], hub / "mgsm", "de", tmp_path / "items/mgsm")
    tasks.append(Task("mgsm", "de", tmp_path / "items/mgsm", Benchmark(formulation="generative", shots=1, max_new_tokens=4)))
    tasks.append(Task("alone", "de", tmp_path / "items/mgsm", Benchmark(formulation="number", shots=1, max_new_tokens=40)))
    outcomes = evaluate(nano_model, tasks, batch_tokens=128)
    sizes = {"global-mmlu-lite": 2, "m-rewardbench": 2, "mgsm": 2, "alone": 2}
    assert outcomes.groupby("benchmark").size().to_dict() == sizes
    assert (
        not outcomes.query("benchmark == 'alone'")["answer"].str.contains("\n").any()
    )  # it stops at a line's end, in a chat too
