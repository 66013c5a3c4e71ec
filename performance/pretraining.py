"""What a nano model's pre-training costs and what it teaches: recipes side by side, with several seeds each.

    python performance/pretraining.py results/demo thorough "" steps=1100,batch_size=16,feed_forward=512 [--seeds 1 2]

takes the corpora and the tokenizer of a finished study. A recipe is a change to the model's entry in config/models.yaml (keys of
`pretraining`); an empty one changes nothing. Prints CPU seconds, and the share of held-out questions that are answered exactly:
every token of the right answer is the most likely one after those before it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import pandas as pd
import torch
import yaml
from transformers import AutoModelForCausalLM

from polyglot.core.prompts import PromptTemplates
from polyglot.models.tokenization import load_tokenizer
from polyglot.nano.pretraining import draw_examples, encode, pretrain
from polyglot.nano.world import World
from polyglot.registry import load_registries
from polyglot.registry.models import Pretraining

ROOT = Path(__file__).resolve().parent.parent
BATCH = 64


def questions(settings: Pretraining) -> list[tuple[list[dict[str, str]], str]]:
    """Messages and right answer of every test question in the languages that make up more than a tenth of the training."""
    languages = load_registries(ROOT / "config").languages
    world, templates = World(ROOT / "config/nano_world", list(settings.languages)), PromptTemplates(ROOT / "config/prompts/nano")
    asked = [lang for lang, share in settings.languages.items() if share > 0.1]
    pairs = [(lang, world.pair(item, lang)) for lang in asked for items in world.of_split("test").values() for item in items]
    return [(templates.chat("respond", language=languages[lang].name, prompt=pair.prompt), pair.response) for lang, pair in pairs]


def exact(model: Any, tokenizer: Any, asked: list[tuple[list[dict[str, str]], str]]) -> float:
    """The share of questions that are answered exactly."""
    rows = [(encode(tokenizer, messages, answer)[0], len(encode(tokenizer, [], answer)[0]) - 1) for messages, answer in asked]
    rows.sort(key=lambda row: len(row[0]))
    right = 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        width = max(len(ids) for ids, _ in batch)
        tokens = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in batch])
        with torch.no_grad():
            likely = model(tokens).logits.argmax(-1)  # what is padded on the right changes nothing before it
        for row, (ids, answer) in enumerate(batch):
            end = len(ids)
            right += bool((likely[row, end - answer - 1 : end - 1] == tokens[row, end - answer : end]).all())
    return right / len(rows)


def trained(results: Path, settings: Pretraining, folder: Path) -> tuple[float, float, int]:
    """(CPU seconds, share of exact answers, questions) of a recipe."""
    corpora = {lang: pd.read_parquet(results / f"nano/corpus/{lang}.parquet") for lang in settings.languages}
    tokenizer = load_tokenizer(results / "nano/tokenizer")
    start = time.process_time()
    size = settings.steps * settings.batch_size
    examples = draw_examples(corpora, settings.languages, size=size, corruption=settings.corruption, seed=settings.seed)
    pretrain(tokenizer, examples, folder / "model", settings, checkpoints=folder / "checkpoints")
    seconds = time.process_time() - start
    asked = questions(settings)
    return seconds, exact(AutoModelForCausalLM.from_pretrained(folder / "model"), tokenizer, asked), len(asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path, help="a finished study, such as results/demo")
    parser.add_argument("model", help="its entry in config/models.yaml")
    parser.add_argument("recipes", nargs="+", help='changes such as steps=900,learning_rate=0.004; "" for none')
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    entry = load_registries(ROOT / "config").models[arguments.model].pretraining
    if entry is None:
        parser.error(f"{arguments.model} is not pre-trained here")
    print("| recipe | seed | CPU s | exact | n |\n| --- | --- | --- | --- | --- |")
    for seed in arguments.seeds:  # the recipes take turns
        for recipe in arguments.recipes:
            changes = {key: yaml.safe_load(value) for key, value in (part.split("=") for part in filter(None, recipe.split(",")))}
            settings = Pretraining(**entry.model_dump() | changes | {"seed": seed})
            with tempfile.TemporaryDirectory() as folder:
                seconds, share, n = trained(arguments.results, settings, Path(folder))
            print(f"| {recipe or 'as it is'} | {seed} | {seconds:.1f} | {share:.3f} | {n} |", flush=True)


if __name__ == "__main__":
    main()
