"""Right answers of the micro-world beside corrupted ones, for quality models."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import zip_longest

import pandas as pd

from polyglot.hashing import stable_seed
from polyglot.nano.world import CATEGORIES, Split, World

CORRUPTIONS = ("broken_fluency", "wrong_language", "wrong_answer", "truncated")
"""Its words shuffled; the right answer in another language; a fluent wrong answer; the first half of its words."""


def corrupted_responses(
    world: World, langs: list[str], *, examples: int, seed: int, split: Split, known: Collection[str] = ()
) -> pd.DataFrame:
    """Questions of a split with the right response and each corruption of it, of all categories in turn.

    Args:
        examples: different prompts a language (or all there are).
        known: right responses to leave out. Those of two splits can be the same where their prompts differ.

    Returns:
        Columns lang, instruction, gold and one for each of `CORRUPTIONS`.
    """
    items = world.of_split(split)
    rows = []
    for lang in langs:
        rng = random.Random(stable_seed("corrupted", split, lang, seed))
        shuffled_items = [rng.sample(items[category], len(items[category])) for category in CATEGORIES]
        turns = (item for turn in zip_longest(*shuffled_items) for item in turn if item is not None)
        seen: set[str] = set()
        for item in turns:
            if len(seen) == examples:
                break
            pair = world.pair(item, lang)
            words = pair.response.split()
            if pair.prompt in seen or pair.response in known or len(words) < 2 or len(set(words)) < 2:
                continue
            seen.add(pair.prompt)
            shuffled = words.copy()
            while shuffled == words:
                rng.shuffle(shuffled)
            other = rng.choice([name for name in world.languages if name != lang])
            rows.append(
                {
                    "lang": lang,
                    "instruction": pair.prompt,
                    "gold": pair.response,
                    "broken_fluency": " ".join(shuffled),
                    "wrong_language": world.pair(item, other).response,
                    "wrong_answer": world.response(item, lang, rng.choice(pair.wrong)),
                    "truncated": " ".join(words[: len(words) // 2]),
                }
            )
    return pd.DataFrame(rows, columns=["lang", "instruction", "gold", *CORRUPTIONS])
