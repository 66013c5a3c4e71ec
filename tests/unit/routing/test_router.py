"""The router: a planted order is recovered, the same seed gives the same router, and a killed training resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyglot.core.files import read_json
from polyglot.models.tokenization import load_tokenizer
from polyglot.routing.router import FACTS, Router, encode, prompt_text, train_router
from polyglot.routing.router_trainer import Lesson
from polyglot.routing.settings import Routing

TEACHERS = ["a", "b", "c", "d"]
KINDS = ("Warna", "Farbe", "color", "لون")
PLANTED = np.array([[2.0, 0.0, -1.0, 1.0], [-1.0, 2.0, 1.0, 0.0], [0.0, 1.0, 2.5, -1.0], [1.0, -1.0, 0.0, 2.0]])
"""Scores of every teacher for each kind of prompt."""
SETTINGS = Routing(epochs=4, patience=4, learning_rate=2e-3, batch_size=32)


def planted(prompts: int, pairs: int, seed: int = 0) -> tuple[list[str], Any, Any, Any]:
    """Prompts of four kinds, and who won pairs that were drawn from the planted scores by Bradley and Terry's model."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(len(KINDS), size=prompts)
    texts = [f"{KINDS[one]} {rng.integers(1000)}" for one in kind]
    wins = np.zeros((prompts, 4, 4))
    for _ in range(pairs):
        row = rng.integers(prompts)
        a, b = rng.choice(4, size=2, replace=False)
        ahead = PLANTED[kind[row], a] - PLANTED[kind[row], b]
        winner, loser = (a, b) if rng.random() < 1 / (1 + np.exp(-ahead)) else (b, a)
        wins[row, winner, loser] += 1
    best = np.eye(4, dtype=bool)[PLANTED[kind].argmax(axis=1)]
    return texts, wins, best, kind


def folds(prompts: int, every: int) -> list[str]:
    """One of so many prompts stops the training."""
    return ["train" if place % every else "stop" for place in range(prompts)]


@pytest.mark.slow
def test_pairs_from_planted_scores_give_back_their_order(nano_model: Path, tmp_path: Path) -> None:
    texts, wins, best, _ = planted(2500, 20_000)
    fold = folds(len(texts), 10)
    out = tmp_path / "router"
    lesson = Lesson(TEACHERS, texts, fold, wins, best)
    facts = train_router(nano_model, lesson, out, SETTINGS, checkpoints=tmp_path / "unfinished")
    assert facts["pairs"] == wins[np.array(fold) == "train"].sum()
    new, _, new_best, kind = planted(400, 0, seed=1)
    scores = Router(out, batch_size=64).score(new)
    accuracy = new_best[np.arange(len(new)), scores.argmax(axis=1)].mean()
    assert accuracy >= 0.95
    order = (np.argsort(scores, axis=1) == np.argsort(PLANTED[kind], axis=1)).all(axis=1).mean()
    assert order >= 0.9
    ahead = (scores[:, :1] - scores)[kind == 0].mean(axis=0)
    assert ahead == pytest.approx(PLANTED[0, 0] - PLANTED[0], abs=0.6)


def test_the_same_seed_gives_the_same_router_and_another_batch_the_same_scores(nano_model: Path, tmp_path: Path) -> None:
    texts, wins, best, _ = planted(60, 300)
    few = SETTINGS.model_copy(update={"epochs": 1})
    found = []
    for name in ("one", "two"):
        out = tmp_path / name
        lesson = Lesson(TEACHERS, texts, folds(60, 5), wins, best)
        train_router(nano_model, lesson, out, few, checkpoints=tmp_path / f"{name}-unfinished")
        found.append(Router(out, batch_size=7 if name == "one" else 60).score(texts))
        assert not (tmp_path / f"{name}-unfinished").exists()
    assert np.allclose(found[0], found[1], atol=1e-4)
    assert read_json(tmp_path / "one" / FACTS)["teachers"] == TEACHERS


def test_a_killed_training_goes_on_from_its_last_epoch(nano_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import Trainer

    texts, wins, best, _ = planted(60, 300)
    lesson = Lesson(TEACHERS, texts, folds(60, 5), wins, best)
    whole = tmp_path / "whole"
    train_router(nano_model, lesson, whole, SETTINGS, checkpoints=tmp_path / "unfinished")
    steps = 0
    step = Trainer.training_step

    def killed(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 6:
            raise KeyboardInterrupt
        return step(self, *given, **named)

    monkeypatch.setattr(Trainer, "training_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train_router(nano_model, lesson, tmp_path / "resumed", SETTINGS, checkpoints=tmp_path / "killed")
    assert list((tmp_path / "killed").glob("checkpoint-*"))
    train_router(nano_model, lesson, tmp_path / "resumed", SETTINGS, checkpoints=tmp_path / "killed")
    assert steps == 6 + 2 * 2, "two of four epochs are not done again"
    scores = [Router(folder, batch_size=60).score(texts) for folder in (whole, tmp_path / "resumed")]
    assert np.allclose(scores[0], scores[1], atol=1e-4)


def test_a_training_killed_at_its_end_is_not_trained_longer(
    nano_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience ends it after one epoch without gain; what was killed between its last checkpoint and its router knows that."""
    from transformers import Trainer

    texts, wins, _, _ = planted(60, 300)
    always = np.ones((60, 4), dtype=bool)  # whoever is chosen is a best one: no epoch is better than the first
    lesson = Lesson(TEACHERS, texts, folds(60, 5), wins, always)
    settings = SETTINGS.model_copy(update={"patience": 1})
    epochs = train_router(nano_model, lesson, tmp_path / "whole", settings, checkpoints=tmp_path / "unfinished")["epochs"]
    assert epochs == 2
    steps, step, load = 0, Trainer.training_step, Trainer._load_best_model

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal steps
        steps += 1
        return step(self, *given, **named)

    def killed(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "training_step", counted)
    monkeypatch.setattr(Trainer, "_load_best_model", killed)
    with pytest.raises(KeyboardInterrupt):
        train_router(nano_model, lesson, tmp_path / "resumed", settings, checkpoints=tmp_path / "killed")
    before = steps
    monkeypatch.setattr(Trainer, "_load_best_model", load)
    facts = train_router(nano_model, lesson, tmp_path / "resumed", settings, checkpoints=tmp_path / "killed")
    assert (steps, facts["epochs"], facts["kept_epoch"]) == (before, 2, 1)
    scores = [Router(folder, batch_size=60).score(texts) for folder in (tmp_path / "whole", tmp_path / "resumed")]
    assert np.allclose(scores[0], scores[1], atol=1e-4)


def test_one_teacher_gets_every_prompt(nano_model: Path, tmp_path: Path) -> None:
    one = np.ones((4, 1), dtype=bool)
    lesson = Lesson(["only"], ["x"] * 4, folds(4, 2), np.zeros((4, 1, 1)), one)
    facts = train_router(nano_model, lesson, tmp_path / "r", SETTINGS, checkpoints=tmp_path / "c")
    assert facts["pairs"] == 0
    router = Router(tmp_path / "r", batch_size=2)
    assert router.teachers == ["only"]
    assert router.score(["x", "y"]).shape == (2, 1)


def test_too_few_calibration_prompts_are_an_error_that_names_the_setting(nano_model: Path, tmp_path: Path) -> None:
    texts, wins, best, _ = planted(20, 100)
    for fold, missing in (("train", "prompt to stop by"), ("stop", "pair of teachers")):
        with pytest.raises(ValueError, match=rf"{missing}.*raise routing\.calibration"):
            train_router(
                nano_model,
                Lesson(TEACHERS, texts, [fold] * 20, wins, best),
                tmp_path / "r",
                SETTINGS,
                checkpoints=tmp_path / "c",
            )


def test_of_a_prompt_longer_than_the_context_the_middle_is_left_out(nano_model: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(nano_model)
    text = "Antworte auf Deutsch. " + "sehr " * 400 + "Was ist das?"
    (cut,), count = encode(tokenizer, [text], 21)
    whole = tokenizer(text)["input_ids"]
    assert count == 1
    assert cut == whole[:11] + whole[-10:]
    assert encode(tokenizer, ["kurz"], 21) == ([tokenizer("kurz")["input_ids"]], 0)
    texts, wins, best, _ = planted(30, 150)
    settings = SETTINGS.model_copy(update={"epochs": 1, "max_length": 10_000})
    out = tmp_path / "router"
    lesson = Lesson(TEACHERS, [text, *texts[1:]], folds(30, 5), wins, best)
    facts = train_router(nano_model, lesson, out, settings, checkpoints=tmp_path / "c")
    assert (facts["longest"], facts["cut"]) == (512, 1)
    assert np.isfinite(Router(out, batch_size=8).score([text])).all()


def test_the_router_reads_what_a_teacher_is_told() -> None:
    assert prompt_text([{"role": "system", "content": "Answer in German."}, {"role": "user", "content": "Wer?"}]) == (
        "Answer in German.\n\nWer?"
    )
