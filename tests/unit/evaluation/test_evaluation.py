"""Evaluation: numbers are read from answers, items keep their facts, and lighteval's traps stay shut."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.files import write_jsonl
from polyglot.evaluation.forms import Choice, Preference
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.numbers import final_number
from polyglot.evaluation.run import card_line, chance_scores, evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.nano.datasets import benchmark_rows
from polyglot.nano.world import World


def test_a_line_for_a_model_card() -> None:
    """Weights of 1/2, 1/4, 1/4; two of three right."""
    outcomes = pd.DataFrame(
        {"benchmark": "m-rewardbench", "lang": "de", "weight": [0.5, 0.25, 0.25], "correct": [1, 1, 0], "example_id": list("abc")}
    )
    other = outcomes.assign(benchmark="mgsm")
    task = Task("m-rewardbench", "de", Path("items"), Benchmark(formulation="letter"))
    line = card_line([task], pd.concat([outcomes, other]))
    error = (0.25 * 0.25**2 + 0.0625 * 0.25**2 + 0.0625 * 0.75**2) ** 0.5
    assert line.startswith("lighteval ")
    assert line.endswith(f": m-rewardbench (de, letter, 0-shot) 0.750 ± {error:.3f} (n = 3)")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3 + 4 = 7. The answer is 7.", 7),
        ("Die Antwort lautet 12", 12),
        ("الجواب هو ١٢.", 12),
        ("1,234 apples", 1234),
        ("1.234 Äpfel", 1234),
        ("1.234,5", 1234.5),
        ("3.5", 3.5),
        ("-4", -4),
        ("$18.00.", 18),
        ("1,234.5", 1234.5),
        ("١٬٢٣٤٫٥", 1234.5),
        ("١٢٣", 123),
        ("१२३", 123),
        ("１２３", 123),
        ("−5", -5),
        ("x = -7", -7),
        ("5-3=2", 2),
        ("(8)-3", 3),
        ("0.234", 0.234),
        ("12.50", 12.5),
        ("3,14159", 3.14159),
        ("1.234.567", 1234567),
        ("1,23,456", 123456),
        ("1'234.50", 1234.5),
        ("1\u202f234,5 Kč", 1234.5),
        ("celkem 12 345 korun", 12345),
        ("答えは1,200円です。", 1200),
        ("12.05.2024", 2024),
        ("1,5,7", 7),
        ("10, 20", 20),
        ("5 m²", 5),
        ("no number", None),
        ("", None),
    ],
)
def test_the_final_number_of_an_answer(text: str, number: float | None) -> None:
    assert final_number(text) == number


@given(
    value=st.integers(-(10**9), 10**9),
    tenths=st.integers(0, 99),
    marks=st.sampled_from(
        [(",", "."), (".", ","), ("\u00a0", ","), ("\u202f", ","), ("'", "."), ("", "."), ("", ","), ("٬", "٫")]
    ),
    zero=st.sampled_from("0٠०０"),
    words=st.sampled_from(["{}", "the answer is {}.", "17 + 3, thus {}!", "الجواب هو {}", "答えは{}です"]),
)
def test_a_number_is_read_as_it_was_written(value: int, tenths: int, marks: tuple[str, str], zero: str, words: str) -> None:
    group, decimal = marks
    written = f"{abs(value):,}".replace(",", group) + (f"{decimal}{tenths:02d}" if tenths else "")
    written = ("-" if value < 0 else "") + "".join(chr(ord(zero) + int(sign)) if sign.isdigit() else sign for sign in written)
    expected = (abs(value) + tenths / 100) * (-1 if value < 0 else 1)
    assert final_number(words.format(written)) == pytest.approx(expected)


def test_chosen_and_rejected_come_in_a_seeded_order() -> None:
    items = [Preference(str(n), "c", "s", prompt=f"p{n}", chosen="good", rejected="bad") for n in range(200)]
    places = [FORMULATIONS["likelihood"].ask(item, False, 0).gold for item in items]
    assert 60 < sum(places) < 140
    assert places == [FORMULATIONS["likelihood"].ask(item, False, 0).gold for item in items]
    for item in items:
        for formulation in ("likelihood", "letter"):
            asked = FORMULATIONS[formulation].ask(item, False, 0)
            if formulation == "likelihood":
                assert asked.choices[asked.gold] == "good"
            else:
                assert f"[{asked.choices[asked.gold]}] good" in asked.query


def test_cloze_and_letter_agree_on_the_right_choice(world: World) -> None:
    for row in benchmark_rows(world, "global-mmlu-lite", "de", limit=5, seed=0)["test"]:
        item = Choice.from_row(row, 0)
        cloze, lettered = (FORMULATIONS[name].ask(item, False, 0) for name in ("cloze", "letter"))
        assert cloze.gold == lettered.gold
        assert f"{lettered.choices[cloze.gold]}. {cloze.choices[cloze.gold]}" in lettered.query
        assert item.subset == row["subject"]


def make_tasks(world: World, folder: Path) -> list[Task]:
    settings = {
        "global-mmlu-lite": Benchmark(formulation="cloze"),
        "m-rewardbench": Benchmark(formulation="likelihood", max_items=10),
        "mgsm": Benchmark(formulation="generative", shots=2, max_new_tokens=8),
    }
    for name in settings:
        for split, rows in benchmark_rows(world, name, "ar", limit=3, seed=0).items():
            write_jsonl(rows, folder / name / "ar" / f"{split}.jsonl")
    return [Task(name, "ar", folder / name / "ar", chosen) for name, chosen in settings.items()]


@pytest.mark.slow
def test_all_benchmarks_of_a_model_in_one_start(tmp_path: Path, world: World, nano_model: Path) -> None:
    tasks = make_tasks(world, tmp_path)
    outcomes = evaluate(nano_model, tasks, batch_tokens=256)
    counts = outcomes["benchmark"].value_counts().to_dict()
    rows = {task.benchmark: (task.folder / "test.jsonl").read_text().splitlines() for task in tasks}
    assert counts == {
        "global-mmlu-lite": len(rows["global-mmlu-lite"]),
        "m-rewardbench": 10,
        "mgsm": len(rows["mgsm"]),
    }
    assert outcomes.groupby("benchmark")["weight"].sum().tolist() == pytest.approx([1, 1, 1])
    assert set(outcomes["correct"]) <= {0, 1}
    assert chance_scores(tasks, outcomes) == pytest.approx(
        {"global-mmlu-lite:ar": 1 / 4, "m-rewardbench:ar": 1 / 2, "mgsm:ar": 0}
    )
    choices = outcomes[outcomes["benchmark"] == "global-mmlu-lite"].set_index("example_id")
    for line in rows["global-mmlu-lite"]:
        row = json.loads(line)
        outcome = choices.loc[row["sample_id"]]
        assert bool(outcome["correct"]) == (outcome["answer"] == row[f"option_{row['answer'].lower()}"])
    assert not list(nano_model.glob("*cache*"))


@pytest.mark.slow
def test_new_weights_at_the_same_path_are_evaluated_anew(tmp_path: Path, world: World, nano_model: Path) -> None:
    """lighteval's prediction cache is keyed by the model's path."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = tmp_path / "model"
    shutil.copytree(nano_model, folder)
    tasks = make_tasks(world, tmp_path)[:1]
    before = evaluate(folder, tasks, batch_tokens=512)
    with torch.enable_grad():
        model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
    model.save_pretrained(folder)
    after = evaluate(folder, tasks, batch_tokens=512)
    assert list(before["answer"]) != list(after["answer"])
    pd.testing.assert_frame_equal(after, evaluate(folder, tasks, batch_tokens=192))


@pytest.mark.slow
def test_a_chat_template_can_be_left_out_or_given(tmp_path: Path, world: World, nano_model: Path, repository: Path) -> None:
    """A base is asked in plain text although its tokenizer has a template; a folder without one is asked in the file's."""
    tasks = [task for task in make_tasks(world, tmp_path) if task.benchmark != "m-rewardbench"]
    bare = tmp_path / "bare"
    shutil.copytree(nano_model, bare, ignore=shutil.ignore_patterns("chat_template.jinja"))
    own, plain = evaluate(nano_model, tasks, batch_tokens=512), evaluate(nano_model, tasks, batch_tokens=512, plain=True)
    assert list(own["answer"]) != list(plain["answer"])
    pd.testing.assert_frame_equal(evaluate(bare, tasks, batch_tokens=512), plain)
    template = repository / "config/chat_templates/chatml.jinja"
    pd.testing.assert_frame_equal(evaluate(bare, tasks, batch_tokens=512, chat_template=template), own)
    assert not (bare / "chat_template.jinja").exists()


def test_missing_data_are_named(tmp_path: Path) -> None:
    task = Task("mgsm", "de", tmp_path, Benchmark(formulation="generative"))
    with pytest.raises(FileNotFoundError, match=r"there is no .*test.jsonl, test.csv or test.parquet, as benchmark 'mgsm' needs"):
        evaluate(tmp_path, [task], batch_tokens=64)
