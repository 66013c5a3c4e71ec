"""Answers are read as their language writes numbers, and a marked answer counts before the last number.

`number_formats.csv` is the table of formats: what is meant, and what two common harnesses read: lm-evaluation-harness's
`flexible-extract` (tasks gsm8k and mgsm), and lighteval's extraction of expressions (task gsm8k).
"""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path

import pytest

from polyglot.core.files import write_jsonl
from polyglot.evaluation.forms import Problem
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.items import BenchmarkError, read_items
from polyglot.evaluation.numbers import final_number, gold_number
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task, questions

with (Path(__file__).parent / "number_formats.csv").open(encoding="utf-8", newline="") as file:
    FORMATS = list(csv.DictReader(file))
FLEXIBLE_EXTRACT = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


def stated(value: str) -> float | None:
    return float(value) if value else None


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: f"{row['lang']} {row['text']!r}")
def test_a_format_is_read_as_its_language_means_it(row: dict[str, str]) -> None:
    assert final_number(row["text"], row["lang"]) == (pytest.approx(float(row["number"])) if row["number"] else None)


def test_lm_evaluation_harness_reads_what_the_table_says() -> None:
    for row in FORMATS:
        groups = FLEXIBLE_EXTRACT.findall(row["text"])
        last = re.sub(r"[,$]|\.$", "", "".join(groups[-1])) if groups else ""
        assert (float(last) if re.fullmatch(r"-?\d*\.?\d+", last) else None) == stated(row["lm_eval"]), row


@pytest.mark.slow
def test_lighteval_reads_what_the_table_says() -> None:
    from lighteval.metrics.utils.extractive_match_utils import (
        ExprExtractionConfig,
        LatexExtractionConfig,
        extract_target_from_pred,
        get_extraction_regexes,
    )
    from lighteval.tasks.requests import Doc
    from lighteval.utils.language import Language

    kinds = (ExprExtractionConfig(), LatexExtractionConfig(boxed_match_priority=0))
    patterns = get_extraction_regexes(Doc(query="", choices=[""], gold_index=0), kinds, Language.ENGLISH)
    for row in FORMATS[::20]:
        found = extract_target_from_pred(row["text"], patterns)
        assert (float(found[0]) if found else None) == (pytest.approx(float(row["lighteval"])) if row["lighteval"] else None)


def test_the_table_shows_what_is_gained() -> None:
    right = {name: sum(row[name] == row["number"] for row in FORMATS) for name in ("lm_eval", "lighteval")}
    assert all(count < len(FORMATS) / 2 for count in right.values())


@pytest.mark.parametrize(
    ("given", "lang", "value"),
    [
        (3.125, "de", 3.125),
        ("3,125", "de", 3.125),
        ("1.500", "de", 1500),
        ("1.500", "en", 1.5),
        (70000, "ja", 70000),
        ("½", "", 0.5),
    ],
)
def test_a_correct_answer_is_a_number_or_a_text_in_its_language(given: str | float, lang: str, value: float) -> None:
    item = Problem.from_row({"question": "?", "answer_number": given, "lang": lang}, 0)
    assert item.value == value
    again = Problem.from_row(json.loads(json.dumps(item.to_row())) | {"lang": lang}, 0)
    assert again == item
    assert gold_number(given, lang) == value


def test_an_answer_is_judged_in_the_language_of_its_task(tmp_path: Path) -> None:
    for lang, right in (("de", ("1.500", "1500 Euro", "Antwort: 1.500 (3 Tage)")), ("en", ("1.5", "1.500", "3/2", "1 1/2"))):
        write_jsonl([{"question": "?", "answer_number": "1.500"}], tmp_path / lang / "test.jsonl")
        task = Task("mgsm", lang, tmp_path / lang, Benchmark(formulation="generative"))
        (item,) = questions(task, 0).items
        judge = FORMULATIONS["generative"].right
        assert judge is not None
        assert all(judge(answer, item) for answer in right)
        assert not any(judge(answer, item) for answer in ("", "keine Zahl", "15"))


@pytest.mark.parametrize("answer", ["four", "no digits", float("nan"), True, "", 10**400, "9" * 5000])
def test_an_answer_without_a_number_is_an_error_of_the_item(answer: object, tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(
        '{"question": "?", "answer_number": 4}\n' + json.dumps({"question": "?", "answer_number": answer})
    )
    with pytest.raises(BenchmarkError, match=r"test.jsonl: row 2: .*answer_number.*; correct the row, or leave it out"):
        read_items("sums", tmp_path / "test.jsonl", (Problem,), lang="de")
    broken = Problem("7", "math", "math", question="?", number="four", worked="")
    judge = FORMULATIONS["generative"].right
    assert judge is not None
    with pytest.raises(ValueError, match=r"item '7'.*has no number"):
        judge("no number either", broken)


def test_any_text_is_read_in_time() -> None:
    once = (
        "\\boxed{",
        "9",
        "1,000",
        "九",
        "the answer is ",
        "**",
        "- ",
        "1/",
        "5 ",
        "<b>",
        "\n",
        "#",
        "\\frac{",
        "[1]",
        "minus ",
    )
    started = time.perf_counter()
    for text in once:
        final_number(text * 300 + "5", "en")
    assert time.perf_counter() - started < 5
    assert final_number("10^9999") == float("inf")


def test_a_web_address_is_no_number() -> None:
    assert final_number("Therefore, 18.\n\nSource: https://example.org/2024/5", "en") == 18
    assert final_number("See www.example.org/7 for 18 of them", "en") == 18
