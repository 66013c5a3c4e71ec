"""Gold answers and graded corruptions of them, for reference and reward models."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.devices import first_gpu_only
from polyglot.core.hashing import content_id, folder_fingerprint, stable_seed
from polyglot.intrinsic.reward import SCALE_FILE, RewardModel
from polyglot.models.tokenization import load_tokenizer
from polyglot.nano.world import CATEGORIES, Split, World
from polyglot.registry.models import GoldTuning
from polyglot.training.checkpoints import KEPT, resume_point, save_whole, training_owner, watch

GRADES = ("gold", "wrong_answer", "broken_fluency", "off_topic")
"""From best to worst: the right response; fluent but wrong; its words shuffled; an answer to something else."""


def gold_pairs(world: World, langs: list[str], *, examples: int, seed: int) -> pd.DataFrame:
    """Right answers to questions of the pre-training split: `examples` a language, columns lang, prompt, response."""
    rows = []
    items = world.of_split("pretrain")
    for lang in langs:
        rng = random.Random(stable_seed("gold", lang, seed))
        for category in rng.choices(CATEGORIES, k=examples):
            pair = world.pair(rng.choice(items[category]), lang)
            rows.append({"lang": lang, "prompt": pair.prompt, "response": pair.response})
    return pd.DataFrame(rows)


def graded_responses(world: World, langs: list[str], *, examples: int, seed: int, split: Split = "pretrain") -> pd.DataFrame:
    """Questions of a split with a response of each grade: columns lang, prompt and one for each of `GRADES`."""
    rows = []
    items = world.of_split(split)
    for lang in langs:
        rng = random.Random(stable_seed("graded", lang, seed))
        for category in rng.choices(CATEGORIES, k=examples):
            item = rng.choice(items[category])
            pair = world.pair(item, lang)
            wrong = world.response(item, lang, rng.choice(pair.wrong))
            words = wrong.split()
            shuffled = words.copy()
            while shuffled == words and len(set(words)) > 1:
                rng.shuffle(shuffled)
            other = rng.choice([name for name in items if name != category])
            rows.append(
                {
                    "lang": lang,
                    "prompt": pair.prompt,
                    "gold": pair.response,
                    "wrong_answer": wrong,
                    "broken_fluency": " ".join(shuffled),
                    "off_topic": world.pair(rng.choice(items[other]), lang).response,
                }
            )
    return pd.DataFrame(rows)


def preference_pairs(graded: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """One pair a question: chosen is of a better grade than rejected; half of them gold against a wrong answer."""
    rng = random.Random(stable_seed("preferences", seed))
    rows = []
    for row in graded.to_dict("records"):
        better, worse = (0, 1) if rng.random() < 0.5 else sorted(rng.sample(range(len(GRADES)), 2))
        turn = {"role": "user", "content": row["prompt"]}
        rows.append(
            {
                "chosen": [turn, {"role": "assistant", "content": row[GRADES[better]]}],
                "rejected": [turn, {"role": "assistant", "content": row[GRADES[worse]]}],
            }
        )
    return rows


def train_reward_model(
    start: Path, graded: pd.DataFrame, held_out: pd.DataFrame, out: Path, tuning: GoldTuning, *, checkpoints: Path
) -> dict[str, Any]:
    """Train a reward model with trl on gold against graded corruptions, and measure its scale on held-out questions
    (of another split).

    The scale puts the mean raw score of gold responses at 5 and that of off-topic ones at 1.

    Returns:
        Final loss, mean raw score by grade, and how often gold beats each corruption, on the held-out questions.
    """
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    gpu = first_gpu_only()
    torch.manual_seed(tuning.seed)
    tokenizer = load_tokenizer(start, padding_side="right")
    model = AutoModelForSequenceClassification.from_pretrained(start, num_labels=1, dtype=torch.float32, local_files_only=True)
    model.config.pad_token_id = tokenizer.pad_token_id
    arguments = RewardConfig(
        output_dir=str(checkpoints),
        num_train_epochs=tuning.epochs,
        learning_rate=tuning.learning_rate,
        per_device_train_batch_size=tuning.batch_size,
        use_cpu=not gpu,
        bf16=False,
        gradient_checkpointing=False,
        save_steps=100,
        save_total_limit=KEPT,
        logging_steps=25,
        report_to="none",
        seed=tuning.seed,
        disable_tqdm=True,
    )
    rows = preference_pairs(graded, tuning.seed)
    trainer = RewardTrainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    watch(trainer, "reward model")
    owner = training_owner(start_model=folder_fingerprint(start), data=content_id(str(rows)), **tuning.model_dump())
    result = trainer.train(resume_from_checkpoint=resume_point(checkpoints, owner))
    measured = out.with_name(f".{out.name}.measured")
    save_whole(trainer.model, tokenizer, measured)
    meter = RewardModel(measured, batch_size=64)
    raw = {grade: meter.score(list(held_out["prompt"]), list(held_out[grade]), title=f"scale: {grade}") for grade in GRADES}
    scale = {"low": float(raw["off_topic"].mean()), "high": float(raw["gold"].mean())}
    summary = {
        "loss": result.training_loss,
        "examples": len(rows),
        "mean_raw": {grade: float(values.mean()) for grade, values in raw.items()},
        "gold_wins": {grade: float((raw["gold"] > raw[grade]).mean()) for grade in GRADES[1:]},
        "held_out": len(held_out),
    }
    save_whole(
        meter.model, tokenizer, out, extra={SCALE_FILE: scale, "training.json": summary}, done_with=(measured, checkpoints)
    )
    return summary
