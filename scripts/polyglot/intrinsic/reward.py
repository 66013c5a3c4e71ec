"""Reward: how good a response is, on a scale of 1 to 5, by a reward model or by a chat model with a rubric."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.files import read_json
from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.progress import progress
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Engine, Request, answer_all
from polyglot.models.tokenization import load_tokenizer, needs_chat_template

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
RESULT = "[RESULT]"
"""What a judge of the Prometheus family writes before its rating."""


def parse_rating(text: str) -> float:
    """The rubric judge's rating: the only number after `[RESULT]` in its line, or in the last line of an answer without that
    mark, if it is 1, 2, 3, 4 or 5; else NaN. With several marks, all must say the same."""
    marked = text.split(RESULT)[1:]
    found = {_only_number(_lines(part)[:1]) for part in marked} if marked else {_only_number(_lines(text)[-1:])}
    rating = found.pop()
    return float(rating) if rating is not None and not found else float("nan")


def _lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line.strip()]


def _only_number(lines: list[str]) -> int | None:
    """1 to 5, in the digits of any script, if the line names nothing else."""
    numbers = set(re.findall(r"-?\d+(?:[.,]\d+)?", SCALE_WORDS.sub(" ", lines[0]))) if lines else set()
    if len(numbers) != 1 or not (only := numbers.pop()).isdigit() or int(only) not in range(1, 6):
        return None
    return int(only)


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
        Columns text (the judge's answer), problem (why it is no rating, else null) and reward (1-5; NaN with a problem).
    """
    asked = [
        templates.render("judge", language=language, prompt=prompt, response=response)
        for prompt, response in zip(prompts, responses, strict=True)
    ]
    requests = {
        content_id(text): Request(content_id(text), [{"role": "user", "content": text}], seed=stable_seed("judge", text))
        for text in asked
    }
    answers = answer_all(engine, [*requests.values()], side, batch_size=batch_size, title="judge")
    rows = []
    for text in asked:
        answer = answers[content_id(text)]
        cut = answer.finish_reason == "length"
        reward = float("nan") if cut else parse_rating(answer.text)
        problem = "cut off" if cut else "no rating" if np.isnan(reward) else None
        rows.append({"text": answer.text, "problem": problem, "reward": reward})
    return pd.DataFrame(rows, columns=["text", "problem", "reward"])


class RewardModel:
    """A sequence-classification model with one output, from a local folder, on whatever device there is.

    Prompt and response stand in the model's chat template, which brings its own begin token: none is added. A batch is padded
    with a token that the model does not take for the response's end, so scores do not depend on what else is in the batch.

    Args:
        scale: the raw scores that become 1 and 5; None looks for `SCALE_FILE` in the folder.
        context: longest prompt with response in tokens; None takes the model's.
    """

    def __init__(
        self,
        model: Path,
        *,
        batch_size: int,
        scale: tuple[float, float] | None = None,
        context: int | None = None,
        chat_template: Path | None = None,
    ) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.tokenizer: Any = load_tokenizer(model, chat_template)
        needs_chat_template(self.tokenizer, model)
        self.model, loading = AutoModelForSequenceClassification.from_pretrained(
            model, dtype=dtype, num_labels=1, local_files_only=True, output_loading_info=True
        )
        if loading["missing_keys"]:
            missing = ", ".join(sorted(loading["missing_keys"])[:3])
            raise ValueError(f"{model}: no reward model: its files have no weights for {missing}")
        self.model = self.model.to(self.device).eval()
        self.context = context or getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        self.batch_size, self.padding = batch_size, self.model.config.get_text_config().pad_token_id
        if scale is None and (Path(model) / SCALE_FILE).exists():
            found = read_json(Path(model) / SCALE_FILE)
            scale = (found["low"], found["high"])
        self.scale = scale

    def score(self, prompts: Sequence[str], responses: Sequence[str], title: str = "reward") -> npt.NDArray[np.float64]:
        """Raw scores, shape (n,); NaN where prompt and response are longer than the context: a score of a part is none."""
        import torch

        texts = [
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}], tokenize=False
            )
            for prompt, response in zip(prompts, responses, strict=True)
        ]
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        order = [row for row in range(len(ids)) if self.context is None or len(ids[row]) <= self.context]
        order.sort(key=lambda row: len(ids[row]))
        raw = np.full(len(texts), np.nan)
        padding = self._padding(ids)
        with progress(total=len(order), title=title, unit="response") as bar:
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                width = len(ids[rows[-1]])
                batch = torch.tensor([ids[row] + [padding] * (width - len(ids[row])) for row in rows], device=self.device)
                real = torch.tensor([[1] * len(ids[row]) + [0] * (width - len(ids[row])) for row in rows], device=self.device)
                with torch.inference_mode():
                    logits = self.model(input_ids=batch, attention_mask=real).logits
                raw[rows] = logits[:, 0].double().cpu().numpy()
                bar.advance(len(rows), tokens=int(real.sum()))
        return raw

    def _padding(self, ids: list[list[int]]) -> int:
        """The model's padding token; for a model without one, a token that none of the texts has."""
        settings, used = self.model.config.get_text_config(), {token for row in ids for token in row}
        unused = (token for token in range(settings.vocab_size) if token not in used)
        settings.pad_token_id = next(unused) if self.padding is None else self.padding
        return int(settings.pad_token_id)

    def rate(self, prompts: Sequence[str], responses: Sequence[str]) -> pd.DataFrame:
        """Columns raw and reward (1-5); both NaN for what is longer than the context.

        Raises:
            ValueError: if nothing says which raw scores are 1 and 5.
        """
        if self.scale is None:
            raise ValueError(
                "the reward model has no scale: give `scale: [raw score for 1, raw score for 5]` in config/models.yaml"
            )
        raw = self.score(prompts, responses)
        return pd.DataFrame({"raw": raw, "reward": rescale(raw, self.scale)})


def measure_scale(model: RewardModel, pairs: pd.DataFrame, *, most: int, seed: int) -> dict[str, float]:
    """The scale of a reward model that comes without one, measured on people's pairs: their mean raw score is a 5, that of the
    same responses under other prompts is a 1.

    Args:
        pairs: columns prompt and response; those without a response do not count.
        most: pairs used, a seeded sample.

    Returns:
        low, high, pairs (how many), own_wins (share of prompts whose own response scores higher).

    Raises:
        ValueError: if there are fewer than two pairs, or the model does not tell the two apart.
    """
    answered = pairs[pairs["response"].fillna("").str.strip() != ""]
    chosen = answered.sample(n=min(most, len(answered)), random_state=seed)
    if len(chosen) < 2:
        raise ValueError("no pairs of people to measure the reward model's scale on: give `scale` in config/models.yaml")
    prompts, responses = list(chosen["prompt"]), list(chosen["response"])
    own = model.score(prompts, responses, title="own responses")
    others = model.score(prompts, responses[1:] + responses[:1], title="other responses")
    low, high = float(np.nanmean(others)), float(np.nanmean(own))
    if not high > low:
        raise ValueError(f"the reward model scores people's responses ({high:.2f}) no higher than unfitting ones ({low:.2f})")
    return {"low": low, "high": high, "pairs": len(chosen), "own_wins": float(np.mean(own > others))}
