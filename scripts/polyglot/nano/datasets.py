"""The micro-world as data sets: a seed dataset, and benchmarks in the schemas of the real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.core.hashing import content_id, stable_seed
from polyglot.nano.settings import COUNTERPARTS
from polyglot.nano.world import ARITHMETIC, Item, Pair, Split, World

SUBJECT_AREAS = {
    "addition": "STEM",
    "subtraction": "STEM",
    "capital": "Social Sciences",
    "colour": "STEM",
    "opposite": "Humanities",
    "count": "STEM",
    "last": "Other",
}
"""Categories with at least three wrong answers of the same kind, and their subject area."""


def take_items(world: World, split: Split, limit: int, seed: int) -> dict[str, list[Item]]:
    """At most `limit` items of a split in each category, the same in every language."""
    chosen = {}
    for category, items in world.of_split(split).items():
        rng = random.Random(stable_seed("choose", split, category, seed))
        chosen[category] = sorted(rng.sample(items, min(limit, len(items))))
    return chosen


def seed_dataset(world: World, lang: str, *, limit: int, seed: int) -> pd.DataFrame:
    """The seed dataset of a language: columns id, lang, prompt, response, source."""
    pairs = [world.pair(item, lang) for items in take_items(world, "seed", limit, seed).values() for item in items]
    rows = [
        {
            "id": content_id(lang, pair.prompt, pair.response),
            "lang": lang,
            "prompt": pair.prompt,
            "response": pair.response,
            "source": f"nano-world/{pair.item.category}",
        }
        for pair in pairs
    ]
    return pd.DataFrame(rows).drop_duplicates("id", ignore_index=True)


def benchmark_rows(world: World, benchmark: str, lang: str, *, limit: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by split (`test`, and `dev` for few-shot examples) in the benchmark's own schema.

    Raises:
        ValueError: for a benchmark without a counterpart in the micro-world.
    """
    makers = dict(zip(COUNTERPARTS, (_choices, _preferences, _problems, _open, _compared, _open, _texts), strict=True))
    if benchmark not in makers:
        raise WrongInput(f"the micro-world has no benchmark '{benchmark}'; it has: {', '.join(makers)}")
    make = makers[benchmark]
    return {
        "test": list(make(world, lang, take_items(world, "test", limit, seed), seed)),
        "dev": list(make(world, lang, take_items(world, "pretrain", 4, seed), seed)),
    }


def _choices(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """CohereLabs/Global-MMLU-Lite: a question, four options, the letter of the right one."""
    for category, area in SUBJECT_AREAS.items():
        for item in items[category]:
            pair = world.pair(item, lang)
            if len(pair.wrong) < 3:
                continue
            options = [pair.answer, *pair.wrong[:3]]
            random.Random(stable_seed("options", item.key, seed)).shuffle(options)
            yield {
                "sample_id": f"nano/{item.key}",
                "subject": category,
                "subject_category": area,
                "question": pair.prompt,
                **{
                    f"option_{letter}": world.response(item, lang, option) for letter, option in zip("abcd", options, strict=True)
                },
                "answer": "ABCD"[options.index(pair.answer)],
                "required_knowledge": None,
                "time_sensitive": None,
                "reference": None,
                "culture": None,
                "region": None,
                "country": None,
                "cultural_sensitivity_label": "CA",
                "is_annotated": False,
            }


def _preferences(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """CohereLabsCommunity/multilingual-reward-bench: a prompt, a chosen and a rejected response, subset and category."""
    number = 0
    for category, chosen_items in items.items():
        for place, item in enumerate(chosen_items):
            pair = world.pair(item, lang)
            if category in ARITHMETIC:
                area, subset, rejected = "Reasoning", "nano-math", world.response(item, lang, pair.wrong[0])
            elif category == "safety":
                area, subset, rejected = "Safety", "nano-refusals", world.response(item, lang, pair.wrong[0])
            elif place % 2:
                area, subset, rejected = "Chat Hard", "nano-hard", world.response(item, lang, pair.wrong[0])
            else:
                area, subset, rejected = "Chat", "nano-easy", _off_topic(world, pair, items, seed)
            yield {
                "id": number,
                "prompt": pair.prompt,
                "chosen": pair.response,
                "rejected": rejected,
                "language": lang,
                "chosen_model": "nano-gold",
                "rejected_model": "nano-corrupted",
                "source": "nano-world",
                "category": area,
                "subset": subset,
            }
            number += 1


def _off_topic(world: World, pair: Pair, items: dict[str, list[Item]], seed: int) -> str:
    """The right response to another question of another category."""
    rng = random.Random(stable_seed("off-topic", pair.item.key, seed))
    others = [category for category in items if category not in (pair.item.category, "safety") and items[category]]
    return world.pair(rng.choice(items[rng.choice(others)]), pair.lang).response


def _problems(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """juletxara/mgsm: a question, a worked answer (few-shot rows only), the final number."""
    for category in ARITHMETIC:
        for item in items[category]:
            pair = world.pair(item, lang)
            yield {
                "question": pair.prompt,
                "answer": pair.response if world.split(item) == "pretrain" else None,
                "answer_number": int(pair.answer),
                "equation_solution": pair.response.split(".")[0],
            }


def _open(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """A question and its right response, to be answered freely."""
    for category, chosen in items.items():
        for item in chosen:
            pair = world.pair(item, lang)
            yield {"id": item.key, "question": pair.prompt, "reference": pair.response, "category": category}


def _compared(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """The same with a reference as a middling model would write it: of two questions one has a wrong response."""
    for row, item in zip(_open(world, lang, items, seed), (item for chosen in items.values() for item in chosen), strict=True):
        pair = world.pair(item, lang)
        wrong = random.Random(stable_seed("reference", item.key, seed)).random() < 0.5
        yield row | ({"reference": world.response(item, lang, pair.wrong[0])} if wrong else {})


def _texts(world: World, lang: str, items: dict[str, list[Item]], seed: int) -> Iterator[dict[str, Any]]:
    """A question and its right response as a text to read."""
    for row in _open(world, lang, items, seed):
        yield {"id": row["id"], "text": f"{row['question']} {row['reference']}", "category": row["category"]}
