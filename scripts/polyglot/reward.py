"""Reward: how good a response is, on a scale of 1 to 5, by a reward model or by a chat model with a rubric."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.engines import Engine, Request
from polyglot.files import read_json
from polyglot.hashing import stable_seed
from polyglot.progress import progress
from polyglot.prompts import PromptTemplates

LOW, HIGH = 1.0, 5.0
SCALE_FILE = "reward_scale.json"
"""Beside a reward model's weights: the raw scores that become 1 and 5."""


def rescale(raw: npt.NDArray[np.float64], scale: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Raw scores put on 1-5 linearly: scale[0] becomes 1, scale[1] becomes 5; beyond them, cut off."""
    low, high = scale
    if not high > low:
        raise ValueError(f"a reward scale needs a raw score for 5 above the one for 1; found {scale}")
    return np.clip(LOW + (HIGH - LOW) * (raw - low) / (high - low), LOW, HIGH)


def parse_rating(text: str) -> float:
    """The rubric judge's rating: the only whole number from 1 to 5 in its last line; NaN if there is none or several."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    found = set(re.findall(r"(?<![\d.,])[1-5](?![\d]|[.,]\d)", re.sub(r"(?<=\d)\s*/\s*5\b", "", lines[-1]))) if lines else set()
    return float(found.pop()) if len(found) == 1 else float("nan")


def judge(
    engine: Engine,
    templates: PromptTemplates,
    language: str,
    prompts: Sequence[str],
    responses: Sequence[str],
    *,
    batch_size: int,
) -> pd.DataFrame:
    """Ratings by a chat model and the rubric in `judge.jinja`.

    Returns:
        Columns text (the judge's answer) and reward (1-5; NaN where the answer cannot be parsed).
    """
    requests = [
        Request(
            id=str(row),
            messages=[
                {
                    "role": "user",
                    "content": templates.render("judge", language=language, prompt=prompt, response=response),
                }
            ],
            seed=stable_seed("judge", prompt, response),
        )
        for row, (prompt, response) in enumerate(zip(prompts, responses, strict=True))
    ]
    order = sorted(requests, key=lambda request: len(request.messages[0]["content"]))
    texts: dict[str, str] = {}
    with progress(total=len(order), title="judge", unit="response") as bar:
        for start in range(0, len(order), batch_size):
            answers = engine.chat(order[start : start + batch_size])
            texts.update({answer.id: answer.text for answer in answers})
            bar.advance(len(answers), tokens=sum(answer.completion_tokens for answer in answers))
    frame = pd.DataFrame({"text": [texts[request.id] for request in requests]})
    return frame.assign(reward=frame["text"].map(parse_rating))


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
