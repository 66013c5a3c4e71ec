"""What a model is asked, to the character: a changed prompt is a changed benchmark."""

from __future__ import annotations

import json

import pytest

from polyglot.core.hashing import text_hash
from polyglot.evaluation.forms import Choice, Item, Preference, Problem, kind_of, letters
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.nano.datasets import benchmark_rows
from polyglot.nano.world import World

CITIES = ("Rom", "Oslo", "Lima", "Bern", "Kairo", "Quito")


def city(options: int, answer: int = 1) -> Choice:
    return Choice("1", "all", "all", question="Welche Stadt?", options=CITIES[:options], answer=answer)


@pytest.mark.parametrize(
    ("options", "prompt"),
    [
        (2, "Welche Stadt?\nA. Rom\nB. Oslo\nAnswer:"),
        (3, "Welche Stadt?\nA. Rom\nB. Oslo\nC. Lima\nAnswer:"),
        (5, "Welche Stadt?\nA. Rom\nB. Oslo\nC. Lima\nD. Bern\nE. Kairo\nAnswer:"),
    ],
)
def test_options_are_listed_under_letters(options: int, prompt: str) -> None:
    asked = FORMULATIONS["letter"].ask(city(options), False, 0)
    assert asked.query == prompt
    assert asked.choices == list("ABCDE"[:options])
    assert asked.choices[asked.gold] == "B"


def test_a_cloze_leaves_the_options_to_the_model() -> None:
    asked = FORMULATIONS["cloze"].ask(city(3, answer=2), False, 0)
    assert (asked.query, asked.choices, asked.gold) == ("Welche Stadt?", ["Rom", "Oslo", "Lima"], 2)


def test_letters_do_not_end() -> None:
    assert letters(3) == ["A", "B", "C"]
    assert letters(54)[25:] == ["Z", *(f"A{second}" for second in letters(26)), "BA", "BB"]
    assert len(set(letters(1000))) == 1000


@pytest.mark.parametrize("formulation", ["cloze", "letter"])
@pytest.mark.parametrize("options", [2, 3, 5])
def test_guessing_is_right_once_in_as_many_options(formulation: str, options: int) -> None:
    assert FORMULATIONS[formulation].chance(city(options)) == 1 / options


def test_guessing_of_two_responses_and_of_a_number() -> None:
    preference = Preference("1", "c", "s", prompt="p", chosen="good", rejected="bad")
    assert [FORMULATIONS[name].chance(preference) for name in ("likelihood", "letter")] == [0.5, 0.5]
    assert FORMULATIONS["generative"].chance(Problem("0", "math", "math", question="2 + 2?", number="4", worked="")) == 0


PINNED = {
    ("global-mmlu-lite", "cloze"): "34eb577205d51377722f4c69ce3b099d9292c47e2c793750679eeb3c108a446b",
    ("global-mmlu-lite", "letter"): "8b457df4aad26d4b16706f3e441a5ad4854f94060cb5989f4c670da63177dacd",
    ("m-rewardbench", "likelihood"): "6022245c96800ddddc4f6b30412131513f0860b2ec02da9d36fa956f141716cb",
    ("m-rewardbench", "letter"): "df4ecf0ebc55b270c2dc3fb9802228d0ef7520915877c3c5ef03e2cd38b90ad6",
    ("mgsm", "generative"): "4a554d04b63e115a5d18b383c9024f8c329fb27a06376d9dbc99cb9788a136d8",
}
"""SHA-256 of everything that is asked in a small micro-world, in three languages."""


@pytest.mark.parametrize(("benchmark", "name"), PINNED)
def test_the_demos_questions_are_what_they_were(world: World, benchmark: str, name: str) -> None:
    formulation, lines = FORMULATIONS[name], []
    for lang in ("de", "id", "ar"):
        rows = benchmark_rows(world, benchmark, lang, limit=5, seed=0)
        for split, few_shot in (("test", False), ("dev", True)):
            for place, row in enumerate(rows[split]):
                item: Item = kind_of(row, formulation.takes).from_row(row, place)
                asked = formulation.ask(item, few_shot, 0)
                said = [asked.query, asked.choices, asked.gold, item.id, item.category, item.subset]
                lines.append(json.dumps(said, ensure_ascii=False))
    assert text_hash("\n".join(lines)) == PINNED[benchmark, name]


def test_a_question_of_the_demo_in_full(world: World) -> None:
    row = benchmark_rows(world, "global-mmlu-lite", "de", limit=5, seed=0)["test"][0]
    asked = FORMULATIONS["letter"].ask(Choice.from_row(row, 0), False, 0)
    assert asked.query == (
        "Salma hat 3 Karten und kauft noch 6 dazu. Wie viele Karten hat Salma jetzt?\nA. 3 + 6 = 13. Die Antwort lautet 13.\n"
        "B. 3 + 6 = 7. Die Antwort lautet 7.\nC. 3 + 6 = 6. Die Antwort lautet 6.\nD. 3 + 6 = 9. Die Antwort lautet 9.\nAnswer:"
    )
    assert asked.choices[asked.gold] == "D"
