"""Mathematical answers are compared as expressions, in any thread, and none takes longer than it may."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import WrongInput
from polyglot.core.files import write_jsonl
from polyglot.evaluation.forms import BOXED, Expression, ItemError, Problem
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.items import BenchmarkError, read_items, write_items
from polyglot.evaluation.math_answers import Checked, MathChecker, expression
from polyglot.evaluation.run import evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.registry import load_registries


@pytest.fixture(scope="module")
def checker() -> Iterator[MathChecker]:
    with MathChecker() as found:
        yield found


@pytest.mark.parametrize(
    ("written", "reference", "status"),
    [
        ("So the answer is 18.", "18", "right"),
        ("First 6, then 12. The total is 18 dollars.", "3 * 6 = <<3*6=18>>18\n#### 18", "right"),
        (r"Hence \boxed{\frac{2}{4}}.", r"It is half of it: $\boxed{\frac12}$.", "right"),
        (r"\boxed{(x+1)^2}", "x^2+2x+1", "right"),
        (r"\boxed{2,1}", r"\{1,2\}", "right"),
        (r"\boxed{3\sqrt{2}}", r"\sqrt{18}", "right"),
        (r"\boxed{\text{west}}", r"\text{east}", "wrong"),
        ("The answer is -5.", "5", "wrong"),
        ("1,000 in all", "1000", "right"),
        ("The answer is 18.\n\nQuestion: And of 2?\nAnswer: 36", "18", "right"),
        ("I do not know.", "18", "no answer"),
        ("", "18", "no answer"),
        ("18", "Nobody knows.", "no reference"),
        ("18", "", "no reference"),
    ],
)
def test_answers_are_compared_as_expressions(checker: MathChecker, written: str, reference: str, status: str) -> None:
    assert checker.check(written, reference).status == status


def test_only_a_right_answer_counts_and_without_a_reference_nothing_is_known() -> None:
    assert [Checked(status).correct for status in ("right", "wrong", "no answer", "not comparable")] == [1, 0, 0, 0]  # type: ignore[arg-type]
    assert np.isnan(Checked("no reference").correct)


def test_a_comparison_without_end_is_ended_and_the_next_one_is_made() -> None:
    with MathChecker(seconds=2) as checker:
        assert checker.check("5", "5").status == "right"
        began = time.monotonic()
        assert checker.check(r"\boxed{9^{9^{9^9}}}", "5").status == "not comparable"  # a computation in C, which no signal ends
        assert time.monotonic() - began < 60
        assert checker.check("5", "5").status == "right"


def test_a_thread_gets_the_same_answers(checker: MathChecker) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(checker.check("x = 18", "18").status)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["right"] * 4


def test_a_process_that_is_killed_costs_one_answer(checker: MathChecker) -> None:
    assert checker.check("5", "5").status == "right"
    assert checker._process is not None
    checker._process.kill()
    checker._process.wait()
    assert checker.check("5", "5").status == "not comparable"
    assert checker.check("5", "5").status == "right"


def test_a_fork_starts_a_process_of_its_own(checker: MathChecker) -> None:
    checker.check("5", "5")
    checker._owner = os.getppid()  # as after a fork
    before = checker._process
    assert checker.check("5", "5").status == "right"
    assert before is not None
    assert checker._process is not before
    before.kill()
    before.wait()


def test_without_math_verify_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WrongInput, match=r"math-verify.*not installed.*make setup"):
        MathChecker()


def test_an_expression_alone_is_latex_and_a_text_is_read_as_one() -> None:
    assert expression("x^2") == "$x^2$"
    assert expression(r"\frac{1}{2}") == r"$\frac{1}{2}$"
    assert expression("so it is $5$") == "so it is $5$"
    assert expression("a text\n#### 1,234") == "$1,234$"
    assert expression("The answer is 5.") == "The answer is 5."


GSM8K = {"question": "Ann has 2 bags of 1,000 beads. How many?", "answer": "2 * 1000 = <<2*1000=2000>>2,000 beads.\n#### 2,000"}
SVAMP = {"ID": "chal-1", "Body": "There are 87 oranges in 3 groups", "Question": "How big is each group?", "Answer": "29.0"}
MATH = {"problem": "Expand $(x+1)^2$.", "level": "Level 1", "type": "Algebra", "solution": r"It is $\boxed{x^2+2x+1}$."}
PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "gsm8k-test": ("main/test-00000-of-00001.parquet", GSM8K),
    "svamp": ("data/test-00000-of-00001.parquet", SVAMP),
    "math": ("algebra/test-00000-of-00001.parquet", MATH),
}


def written(folder: Path, repository: Path, name: str, *rows: dict[str, Any]) -> Path:
    """The task folder of a published data set with these rows."""
    facts = load_registries(repository / "config").benchmarks[name]
    for pattern in (*facts.test, *facts.shots):
        path = folder / "hub" / pattern.replace("*-", "a-").replace("*/", "algebra/").replace("*", "0")
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_parquet(path)
    write_items(name, facts, folder / "hub", "en", folder / "out")
    return folder / "out"


def test_problems_of_gsm8k_and_svamp_have_their_numbers(tmp_path: Path, repository: Path) -> None:
    out = written(tmp_path / "gsm8k", repository, "gsm8k-test", GSM8K)
    (gsm8k,) = read_items("gsm8k", out / "test.jsonl", (Problem,), lang="en")
    assert isinstance(gsm8k, Problem)
    assert (gsm8k.value, gsm8k.worked) == (2000, "2 * 1000 = 2,000 beads.\n#### 2,000")
    (svamp,) = read_items("svamp", written(tmp_path / "svamp", repository, "svamp", SVAMP) / "test.jsonl", (Problem,), lang="en")
    assert isinstance(svamp, Problem)
    assert (svamp.question, svamp.value) == ("There are 87 oranges in 3 groups. How big is each group?", 29)


def test_problems_of_math_are_asked_for_a_box(tmp_path: Path, repository: Path) -> None:
    sample = MATH | {"answer": "5", "unique_id": "test/algebra/1.json", "subject": "Algebra"}
    out = written(tmp_path, repository, "math", MATH | {"answer": None, "unique_id": None}, sample)
    first, second = read_items("math", out / "test.jsonl", (Expression,))
    assert isinstance(first, Expression)
    assert isinstance(second, Expression)
    asked = FORMULATIONS["math"].ask(first, False, 0)
    assert asked.query == f"{MATH['problem']}\n\n{BOXED[0]}"
    assert FORMULATIONS["math"].ask(first, True, 0).choices == [MATH["solution"]]
    right = FORMULATIONS["math"].right
    assert right is not None
    assert [right(text, first) for text in (r"\boxed{(x+1)(x+1)}", r"\boxed{x^2+1}", "")] == [True, False, False]
    assert (second.id, second.category, right("5", second)) == ("test/algebra/1.json", "Algebra", True)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("gsm8k-test", {"answer": "2,000"}, "answer has no number after ####"),
        ("svamp", {"Question": " "}, "no Question"),
        ("svamp", {"Answer": "many"}, "answer_number 'many' has no number"),
        ("math", {"solution": "It is 5."}, "solution has no .boxed"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, repository: Path, name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchmarkError, match=f"row 2: {message}"):
        written(tmp_path, repository, name, PUBLISHED[name][1], PUBLISHED[name][1] | change)


@pytest.mark.parametrize("answer", ["5", "$5$", r"\text{no } $x$", "(", "##", r"\frac{"])
def test_every_stated_answer_is_right_for_itself(checker: MathChecker, answer: str) -> None:
    item = Expression.from_row({"question": "?", "answer_math": answer}, 0)
    assert isinstance(item, Expression)
    assert checker.check(item.boxed, item.boxed).status == "right"


def test_an_item_without_an_answer_is_refused() -> None:
    for row, message in (({"answer_math": " "}, "no answer_math"), ({"answer_math": "5", "words": []}, "words")):
        with pytest.raises(ItemError, match=message):
            Expression.from_row({"question": "?"} | row, 0)


def test_an_answer_as_long_as_the_context_leaves_the_prompt_whole(tmp_path: Path, nano_model: Path) -> None:
    rows = [{"question": f"Wie viel ist {place} + {place}?", "answer_math": str(2 * place)} for place in range(3)]
    write_jsonl(rows, tmp_path / "test.jsonl")
    tasks = [Task("sums", "en", tmp_path, Benchmark(formulation="math", max_new_tokens=size)) for size in (4, 4096)]
    short, long = (evaluate(nano_model, [task], batch_tokens=4096)["answer"] for task in tasks)
    assert all(whole.startswith(part) for whole, part in zip(long, short, strict=True))
    assert long.str.len().gt(short.str.len()).any()


def test_a_model_is_asked_and_its_expressions_are_read(tmp_path: Path, nano_model: Path) -> None:
    rows = [{"question": f"What is {place} + 1?", "answer_math": str(place + 1)} for place in range(3)]
    write_jsonl(rows, tmp_path / "test.jsonl")
    task = Task("sums", "en", tmp_path, Benchmark(formulation="math", max_new_tokens=8))
    outcomes = evaluate(nano_model, [task], batch_tokens=1024)
    assert len(outcomes) == 3
    with MathChecker() as checker:
        again = [checker.check(text, row["answer_math"]).correct for text, row in zip(outcomes["answer"], rows, strict=True)]
    assert outcomes["correct"].tolist() == again
