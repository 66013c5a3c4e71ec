"""Pre-training text for nano models, in the form of the seed dataset and prompts, from the world's pre-training split."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.core.prompts import Message, PromptTemplates
from polyglot.nano.world import ARITHMETIC, CATEGORIES, Item, Pair, World
from polyglot.synthesis.methods.base import pair_json

KINDS = {"respond": 0.4, "translate": 0.25, "generate": 0.1, "dialogue": 0.1, "text": 0.05, "echo": 0.1}
"""Share of each kind of example. `dialogue` is a chat of several questions, `text` has no chat form, and `echo` repeats a random
sequence of words: it teaches a small model early to copy from its context."""

SOURCE = "en"
"""The source language of `translate`."""


def build_corpus(
    world: World, lang: str, names: dict[str, str], templates: PromptTemplates, *, size: int, seed: int
) -> pd.DataFrame:
    """Pre-training examples in one language.

    Args:
        names: language code to the name that prompts use.
        size: number of examples.

    Returns:
        One row an example: `kind`, `messages` (turns before the completion; empty for plain text), `completion`, and `corrupted`:
        the same completion with a wrong but fluent answer.
    """
    rng = random.Random(stable_seed("corpus", lang, seed))
    items = world.of_split("pretrain")
    rows = [_example(world, lang, names, templates, items, rng) for _ in range(size)]
    return pd.DataFrame(rows, columns=["kind", "messages", "completion", "corrupted"])


def _draw(items: dict[str, list[Item]], rng: random.Random) -> Item:
    """An item of a random category; arithmetic, which takes longest to learn, twice as often."""
    return rng.choice(items[rng.choice((*CATEGORIES, *ARITHMETIC))])


def _example(
    world: World,
    lang: str,
    names: dict[str, str],
    templates: PromptTemplates,
    items: dict[str, list[Item]],
    rng: random.Random,
) -> dict[str, Any]:
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    if kind == "translate" and lang == SOURCE:
        kind = "respond"
    item = _draw(items, rng)
    pair = world.pair(item, lang)
    wrong = world.response(item, lang, rng.choice(pair.wrong))
    language = names[lang]
    messages: list[Message] = []
    completion, corrupted = pair.response, wrong
    if kind == "respond":
        messages = templates.chat("respond", language=language, prompt=pair.prompt)[rng.randrange(2) :]
    elif kind == "dialogue":
        for _ in range(rng.randint(1, 3)):
            messages += _turns(world.pair(rng.choice(items[item.category]), lang))
        messages.append({"role": "user", "content": pair.prompt})
    elif kind == "translate":
        messages = templates.chat("translate", language=language, prompt=world.pair(item, SOURCE).prompt)
        completion, corrupted = pair_json(pair.prompt, pair.response), pair_json(pair.prompt, wrong)
    elif kind == "generate":
        shots = [world.pair(_draw(items, rng), lang) for _ in range(rng.randint(1, 2))]
        item = rng.choice(items[rng.choice(shots).item.category])
        pair = world.pair(item, lang)
        wrong = world.response(item, lang, rng.choice(pair.wrong))
        messages = templates.chat("generate", language=language, shots=shots)
        completion, corrupted = pair_json(pair.prompt, pair.response), pair_json(pair.prompt, wrong)
    elif kind == "echo":
        words = world.vocabulary(lang)
        completion = corrupted = ", ".join(rng.sample(words, rng.randint(3, 8)))
        messages = [{"role": "user", "content": completion}]
    else:
        completion, corrupted = f"{pair.prompt} {pair.response}", f"{pair.prompt} {wrong}"
    return {"kind": kind, "messages": messages, "completion": completion, "corrupted": corrupted}


def _turns(pair: Pair) -> list[Message]:
    return [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": pair.response}]
