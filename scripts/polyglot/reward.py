"""Reward: how good a response is, on a scale of 1 to 5, by a reward model or by a chat model with a rubric."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.engines import Engine, Request, answer_all
from polyglot.files import read_json
from polyglot.hashing import stable_seed
from polyglot.progress import progress
from polyglot.prompts import PromptTemplates
from polyglot.sidefile import SideFile

LOW, HIGH = 1.0, 5.0
SCALE_FILE = "reward_scale.json"
"""Beside a reward model's weights: the raw scores that become 1 and 5."""


def rescale(raw: npt.NDArray[np.float64], scale: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Raw scores put on 1-5 linearly: scale[0] becomes 1, scale[1] becomes 5; beyond them, cut off."""
    low, high = scale
    if not high > low:
        raise ValueError(f"a reward scale needs a raw score for 5 above the one for 1; found {scale}")
    return np.clip(LOW + (HIGH - LOW) * (raw - low) / (high - low), LOW, HIGH)


SCALE_WORDS = re.compile(r"\(?\s*(?:/|out of|of)\s*5\b\s*\)?|\b1\s*(?:to|-|–)\s*5\b", re.IGNORECASE)
"""Mentions of the scale itself, which are no ratings: `/5`, `out of 5`, `1 to 5`."""


def parse_rating(text: str) -> float:
    """The rubric judge's rating: the only number in its last line, if it is 1, 2, 3, 4 or 5; else NaN."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    numbers = set(re.findall(r"-?\d+(?:[.,]\d+)?", SCALE_WORDS.sub(" ", lines[-1]))) if lines else set()
    return float(numbers.pop()) if len(numbers) == 1 and numbers <= set("12345") else float("nan")


def judge(
    engine: Engine,
    templates: PromptTemplates,
    language: str,
    prompts: Sequence[str],
    responses: Sequence[str],
    side: SideFile,
    *,
    batch_size: int,
) -> pd.DataFrame:
    """Ratings by a chat model and the rubric in `judge.jinja`; finished batches are kept in the side file.

    Returns:
        Columns text (the judge's answer) and reward (1-5; NaN where the answer was cut off or cannot be parsed).
    """
    requests = [
        Request(
            id=str(row),
            messages=[
                {"role": "user", "content": templates.render("judge", language=language, prompt=prompt, response=response)}
            ],
            seed=stable_seed("judge", prompt, response),
        )
        for row, (prompt, response) in enumerate(zip(prompts, responses, strict=True))
    ]
    answers = answer_all(engine, requests, side, batch_size=batch_size, title="judge")
    rows = [answers[request.id] for request in requests]
    rewards = [parse_rating(answer.text) if answer.finish_reason == "stop" else float("nan") for answer in rows]
    return pd.DataFrame({"text": [answer.text for answer in rows], "reward": rewards})


class RewardModel:
    """A sequence-classification model with one output, from a local folder, on whatever device there is."""

    def __init__(self, model: Path, *, batch_size: int, scale: tuple[float, float] | None = None) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model, padding_side="right", local_files_only=True)
        self.model: Any = AutoModelForSequenceClassification.from_pretrained(
            model, dtype=dtype, num_labels=1, local_files_only=True
        )
        self.model = self.model.to(self.device).eval()
        self.batch_size = batch_size
        if scale is None and (Path(model) / SCALE_FILE).exists():
            found = read_json(Path(model) / SCALE_FILE)
            scale = (found["low"], found["high"])
        self.scale = scale

    def score(self, prompts: Sequence[str], responses: Sequence[str], title: str = "reward") -> npt.NDArray[np.float64]:
        """Raw scores, shape (n,)."""
        import torch

        texts = [
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}], tokenize=False
            )
            for prompt, response in zip(prompts, responses, strict=True)
        ]
        limit = getattr(self.model.config, "max_position_embeddings", None)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        raw = np.zeros(len(texts))
        with progress(total=len(texts), title=title, unit="response") as bar:
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                batch = self.tokenizer(
                    [texts[row] for row in rows],
                    add_special_tokens=False,
                    padding=True,
                    truncation=limit is not None,
                    max_length=limit,
                    return_tensors="pt",
                ).to(self.device)
                with torch.inference_mode():
                    raw[rows] = self.model(**batch).logits[:, 0].double().cpu().numpy()
                bar.advance(len(rows))
        return raw

    def rate(self, prompts: Sequence[str], responses: Sequence[str]) -> pd.DataFrame:
        """Columns raw and reward (1-5).

        Raises:
            ValueError: if nothing says which raw scores are 1 and 5.
        """
        if self.scale is None:
            raise ValueError(
                "the reward model has no scale: give `scale: [raw score for 1, raw score for 5]` in config/models.yaml"
            )
        raw = self.score(prompts, responses)
        return pd.DataFrame({"raw": raw, "reward": rescale(raw, self.scale)})
