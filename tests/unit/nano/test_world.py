"""The micro-world: disjoint splits, parallel languages, answers that can be trusted."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from polyglot.core.files import read_jsonl
from polyglot.core.prompts import PromptTemplates
from polyglot.nano.corpus import build_corpus
from polyglot.nano.datasets import benchmark_rows, seed_dataset, take_items
from polyglot.nano.gold import GRADES, gold_pairs, graded_responses, preference_pairs
from polyglot.nano.world import CATEGORIES, World

NAMES = {"en": "English", "de": "German", "id": "Indonesian", "ar": "Arabic"}
BENCHMARKS = ("global-mmlu-lite", "m-rewardbench", "mgsm")


def test_splits_are_disjoint_and_all_there(world: World) -> None:
    for category in CATEGORIES:
        splits = [set(world.of_split(split)[category]) for split in ("pretrain", "seed", "test")]
        assert all(splits)
        assert not any(a & b for a, b in itertools.combinations(splits, 2))
    for lang in world.languages:
        prompts = [world.pair(item, lang).prompt for item in world.items]
        assert len(set(prompts)) == len(prompts), f"two items have the same prompt in {lang}"


def test_no_training_set_contains_a_test_item(world: World, repository: Path) -> None:
    """Neither as a question nor in any text of the corpora, in any language; nor the seed dataset or gold answers."""
    templates = PromptTemplates(repository / "config/prompts/nano")
    for lang in world.languages:
        corpus = build_corpus(world, lang, NAMES, templates, size=3000, seed=0)
        text = "\n".join([*corpus["completion"], *(turn["content"] for turns in corpus["messages"] for turn in turns)])
        trained = set(gold_pairs(world, [lang], examples=1000, seed=0)["prompt"])
        trained |= set(seed_dataset(world, lang, limit=1000, seed=0)["prompt"])
        trained |= set(graded_responses(world, [lang], examples=500, seed=0)["prompt"])
        for items in world.of_split("test").values():
            for item in items:
                prompt = world.pair(item, lang).prompt
                assert prompt not in trained
                assert prompt not in text


def test_benchmarks_ask_test_items_only(world: World) -> None:
    tests = {world.pair(item, "de").prompt for items in world.of_split("test").values() for item in items}
    for benchmark in BENCHMARKS:
        rows = benchmark_rows(world, benchmark, "de", limit=20, seed=0)
        field = "prompt" if benchmark == "m-rewardbench" else "question"
        assert {row[field] for row in rows["test"]} <= tests
        assert not {row[field] for row in rows["dev"]} & tests


def test_no_two_languages_say_the_same(world: World) -> None:
    for item in world.items[::97]:
        prompts = [world.pair(item, lang).prompt for lang in world.languages]
        assert len(set(prompts)) == len(prompts)


def test_wrong_answers_are_wrong_and_there_is_one(world: World) -> None:
    for lang in world.languages:
        for item in world.items[::53]:
            pair = world.pair(item, lang)
            assert pair.wrong
            assert pair.answer not in pair.wrong
            for answer in pair.wrong:
                assert world.response(item, lang, answer) != pair.response


def test_arithmetic_is_right(world: World) -> None:
    for item in world.items[::31]:
        if item.category in ("addition", "subtraction"):
            a, b = map(int, item.slots[2:])
            expected = a + b if item.category == "addition" else a - b
            assert world.pair(item, "id").answer == str(expected)


def test_benchmarks_have_the_schemas_of_the_real_ones(world: World) -> None:
    choices = benchmark_rows(world, "global-mmlu-lite", "ar", limit=20, seed=0)["test"]
    assert {"sample_id", "subject", "subject_category", "question", "option_a", "option_d", "answer"} <= set(choices[0])
    assert all(row["answer"] in "ABCD" and len({row[f"option_{x}"] for x in "abcd"}) == 4 for row in choices)
    preferences = benchmark_rows(world, "m-rewardbench", "ar", limit=20, seed=0)["test"]
    assert {row["category"] for row in preferences} == {"Chat", "Chat Hard", "Safety", "Reasoning"}
    assert all(row["chosen"] != row["rejected"] for row in preferences)
    problems = benchmark_rows(world, "mgsm", "ar", limit=20, seed=0)
    assert all(row["answer"] is None for row in problems["test"])
    assert len([row for row in problems["dev"] if row["answer"]]) >= 5


def test_languages_are_parallel(world: World) -> None:
    sizes = {lang: len(seed_dataset(world, lang, limit=40, seed=0)) for lang in world.languages}
    assert len(set(sizes.values())) == 1
    assert take_items(world, "seed", 5, 0) == take_items(world, "seed", 5, 0)


def test_grades_differ_and_pairs_prefer_the_better(world: World) -> None:
    graded = graded_responses(world, ["de"], examples=200, seed=0)
    assert (graded["gold"] != graded["wrong_answer"]).all()
    assert (graded["wrong_answer"] != graded["broken_fluency"]).mean() > 0.95
    for row, pair in zip(graded.to_dict("records"), preference_pairs(graded, seed=0), strict=True):
        grades = {row[grade]: place for place, grade in reversed(list(enumerate(GRADES)))}
        assert grades[pair["chosen"][1]["content"]] <= grades[pair["rejected"][1]["content"]]


def test_an_unknown_language_names_those_that_exist(repository: Path) -> None:
    with pytest.raises(ValueError, match="no micro-world in language 'xx'; there is one in: ar, de, en, id"):
        World(repository / "config/nano_world", ["en", "xx"])


def test_the_passages_of_the_embedded_study_have_the_right_answers_and_no_others(world: World, repository: Path) -> None:
    rows = read_jsonl(repository / "config/nano_world/belebele/id/test.jsonl")
    pairs = {pair.prompt: pair for pair in (world.pair(item, "id") for item in world.items if world.split(item) == "test")}
    assert len({row["question"] for row in rows}) == len(rows) == 30
    for row in rows:
        pair = pairs[row["question"]]
        options = [row[f"mc_answer{number}"] for number in range(1, 5)]
        assert options[int(row["correct_answer_num"]) - 1] == pair.answer
        assert set(options) - {pair.answer} <= set(pair.wrong)
        assert len(set(options)) == 4
        assert pair.response in row["flores_passage"]
        assert row["link"] == f"nano-world/{pair.item.key}"
