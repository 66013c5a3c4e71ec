"""Right answers of the micro-world beside corrupted ones, for quality models."""

from __future__ import annotations

import random

import pandas as pd

from polyglot.hashing import stable_seed
from polyglot.nano.world import CATEGORIES, Split, World

CORRUPTIONS = ("broken_fluency", "wrong_language", "wrong_answer", "truncated")
"""Its words shuffled; the right answer in another language; a fluent wrong answer; the first half of its words."""


def corrupted_responses(world: World, langs: list[str], *, examples: int, seed: int, split: Split) -> pd.DataFrame:
    """Questions of a split with the right response and each corruption of it: `examples` different prompts a language (or all
    there are), columns lang, instruction, gold and one for each of `CORRUPTIONS`."""
    items = world.of_split(split)
    rows = []
    for lang in langs:
        rng = random.Random(stable_seed("corrupted", split, lang, seed))
        every = [item for category in CATEGORIES for item in items[category]]
        rng.shuffle(every)
        seen: set[str] = set()
        for item in every:
            if len(seen) == examples:
                break
            pair = world.pair(item, lang)
            words = pair.response.split()
            if pair.prompt in seen or len(words) < 2 or len(set(words)) < 2:
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
