"""Correct answers of the micro-world and corrupted ones, for quality models."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import zip_longest

import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.nano.world import CATEGORIES, Split, World

CORRUPTIONS = ("broken_fluency", "wrong_language", "wrong_answer", "truncated")
"""Its words shuffled; the right answer in another language; a fluent wrong answer; the first half of its words."""

HELD_OUT = 6
"""Held-out instructions per category and language, to evaluate a quality model."""

OF_FEW = ("count", "last")
"""Categories with few possible responses, each of which is correct for some instructions and wrong for others."""


def quality_triplets(world: World, *, examples: int, wrong_answers: int, seed: int) -> pd.DataFrame:
    """Training and held-out triplets for a quality model, in every language of the world.

    No correct response of a held-out triplet is used in training; for categories `OF_FEW`, no instruction is.

    Args:
        examples: training instructions per language.
        wrong_answers: wrong answers per training instruction; held-out ones have one.

    Returns:
        The columns of `corrupted_responses`, and held_out.
    """
    held_out = corrupted_responses(world, examples=HELD_OUT * len(CATEGORIES), seed=seed, split="seed")
    kept = set(held_out.loc[~held_out["category"].isin(OF_FEW), "positive"])
    taught = corrupted_responses(world, examples=examples, seed=seed, split="pretrain", wrong_answers=wrong_answers, without=kept)
    return pd.concat([taught.assign(held_out=False), held_out.assign(held_out=True)], ignore_index=True)


def corrupted_responses(
    world: World, *, examples: int, seed: int, split: Split, wrong_answers: int = 1, without: Collection[str] = ()
) -> pd.DataFrame:
    """Questions of a split with the correct response and corruptions of it, cycling through all categories.

    Args:
        examples: distinct prompts per language (or all, if fewer).
        wrong_answers: wrong answers per prompt (or all, if fewer), besides one of each other corruption.
        without: correct responses to exclude.

    Returns:
        Columns lang, category, kind (of `CORRUPTIONS`), anchor (the instruction), positive, negative.
    """
    items = world.of_split(split)
    rows = []
    for lang in world.languages:
        rng = random.Random(stable_seed("corrupted", split, lang, seed))
        shuffled_items = [rng.sample(items[category], len(items[category])) for category in CATEGORIES]
        turns = (item for turn in zip_longest(*shuffled_items) for item in turn if item is not None)
        seen: set[str] = set()
        for item in turns:
            if len(seen) == examples:
                break
            pair = world.pair(item, lang)
            words = pair.response.split()
            if pair.prompt in seen or pair.response in without or len(set(words)) < 2:
                continue
            seen.add(pair.prompt)
            shuffled = words.copy()
            while shuffled == words:
                rng.shuffle(shuffled)
            other = rng.choice([name for name in world.languages if name != lang])
            wrong = rng.sample(pair.wrong, min(wrong_answers, len(pair.wrong)))
            corrupted = [
                ("broken_fluency", " ".join(shuffled)),
                ("wrong_language", world.pair(item, other).response),
                *(("wrong_answer", world.response(item, lang, answer)) for answer in wrong),
                ("truncated", " ".join(words[: len(words) // 2])),
            ]
            rows += [(lang, item.category, kind, pair.prompt, pair.response, negative) for kind, negative in corrupted]
    return pd.DataFrame(rows, columns=["lang", "category", "kind", "anchor", "positive", "negative"])
