"""Reward: the quality of a response on a scale of 1 to 5, from a reward model or a chat model with a rubric."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.batch_size import BatchSize
from polyglot.core.conversations import histories
from polyglot.core.errors import WrongInput
from polyglot.core.files import read_json
from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.progress import progress
from polyglot.core.prompts import Message, PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Engine, Request, answer_all
from polyglot.models.context import ContextError
from polyglot.models.conversations import conversations_of
from polyglot.models.loading import load_model
from polyglot.models.tokenization import load_tokenizer, needs_chat_template

LOW, HIGH = 1.0, 5.0
TOO_LONG = "too long"
"""Problem of a rating: prompt and response do not fit into the judge's context."""
SCALE_FILE = "reward_scale.json"
"""File beside a reward model's weights with the raw scores that map to 1 and 5."""


def rescale(raw: npt.NDArray[np.float64], scale: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Raw scores mapped linearly to 1-5: scale[0] becomes 1, scale[1] becomes 5; values beyond are clipped."""
    low, high = scale
    if not high > low:
        raise WrongInput(f"a reward scale needs a raw score for 5 above the one for 1; found {scale}")
    return np.clip(LOW + (HIGH - LOW) * (raw - low) / (high - low), LOW, HIGH)


SCALE_WORDS = re.compile(r"\(?\s*(?:/|out of|of)\s*5\b\s*\)?|\b1\s*(?:to|-|–)\s*5\b", re.IGNORECASE)
"""Mentions of the scale, which are not ratings: `/5`, `out of 5`, `1 to 5`."""
RESULT = "[RESULT]"
"""The marker that Prometheus judges write before the rating."""


def parse_rating(text: str) -> float:
    """The rubric judge's rating: the only number after `[RESULT]` in its line or, without that marker, in the last line. It must
    be an integer from 1 to 5, else NaN. With several markers, all must agree."""
    marked = text.split(RESULT)[1:]
    found = {_only_number(_lines(part)[:1]) for part in marked} if marked else {_only_number(_lines(text)[-1:])}
    rating = found.pop()
    return float(rating) if rating is not None and not found else float("nan")


def _lines(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line.strip()]


MOST_DIGITS = 9
"""Digits of a number that is read: Python refuses thousands of them."""


def _only_number(lines: list[str]) -> int | None:
    """1 to 5, in the digits of any script, if the line names nothing else."""
    numbers = set(re.findall(r"-?\d+(?:[.,]\d+)?", SCALE_WORDS.sub(" ", lines[0]))) if lines else set()
    if len(numbers) != 1 or not (only := numbers.pop()).isdigit() or len(only) > MOST_DIGITS:
        return None
    return int(only) if int(only) in range(1, 6) else None


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
        Columns text (the judge's answer), problem (why no rating was found, else null) and reward (1-5; NaN with a problem).
    """
    asked = [
        templates.render("judge", language=language, prompt=prompt, response=response)
        for prompt, response in zip(prompts, responses, strict=True)
    ]
    return ratings(engine, asked, side, batch_size=batch_size)


def ratings(engine: Engine, asked: Sequence[str], side: SideFile, *, batch_size: int) -> pd.DataFrame:
    """A chat model's ratings for requests whose answers end in one; the same request is asked once.

    Returns:
        As `judge`.
    """
    requests = {
        content_id(text): Request(content_id(text), [{"role": "user", "content": text}], seed=stable_seed("judge", text))
        for text in asked
    }
    answers = answers_that_fit(engine, requests, side, batch_size=batch_size, title="judge")
    rows: list[dict[str, Any]] = []
    for text in asked:
        answer = answers.get(content_id(text))
        if answer is None:
            rows.append({"text": None, "problem": TOO_LONG, "reward": float("nan")})
            continue
        cut = answer.finish_reason == "length"
        reward = float("nan") if cut else parse_rating(answer.text)
        problem = "cut off" if cut else "no rating" if np.isnan(reward) else None
        rows.append({"text": answer.text, "problem": problem, "reward": reward})
    return pd.DataFrame(rows, columns=["text", "problem", "reward"])


def answers_that_fit(
    engine: Engine, requests: Mapping[str, Request], side: SideFile, *, batch_size: int, title: str
) -> dict[str, Answer]:
    """A judge's answers by id, without those to requests that are longer than its context."""
    left = dict(requests)
    while True:
        try:
            return answer_all(engine, [*left.values()], side, batch_size=batch_size, title=title)
        except ContextError as error:
            if error.request not in left:
                raise
            del left[error.request]


class RewardModel:
    """A sequence-classification model with one output, from a local folder, on the available device.

    Prompt and response are put in the model's chat template, which includes the begin token, so none is added. The padding token
    differs from the end of a response, so scores do not depend on the batch.

    Args:
        scale: the raw scores that map to 1 and 5; None reads `SCALE_FILE` in the folder.
        context: maximum tokens of prompt plus response; None uses the model's.
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    def __init__(
        self,
        model: Path,
        *,
        batch_size: int,
        scale: tuple[float, float] | None = None,
        context: int | None = None,
        chat_template: Path | None = None,
        gpus: int = 1,
    ) -> None:
        from transformers import AutoModelForSequenceClassification

        self.tokenizer: Any = load_tokenizer(model, chat_template)
        needs_chat_template(self.tokenizer, model)
        options: dict[str, Any] = {"num_labels": 1, "output_loading_info": True}
        self.model, loading = load_model(AutoModelForSequenceClassification, model, gpus=gpus, **options)
        if loading["missing_keys"]:
            missing = ", ".join(sorted(loading["missing_keys"])[:3])
            raise WrongInput(f"{model}: not a reward model: its files have no weights for {missing}")
        self.context = context or getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        self.batch_size, self.padding = batch_size, self.model.config.get_text_config().pad_token_id
        if scale is None and (Path(model) / SCALE_FILE).exists():
            found = read_json(Path(model) / SCALE_FILE)
            scale = (found["low"], found["high"])
        self.scale = scale

    def score(
        self,
        prompts: Sequence[str],
        responses: Sequence[str],
        title: str = "reward",
        before: Sequence[Sequence[Message]] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Raw scores, shape (n,); NaN if prompt and response exceed the context, because a truncated text cannot be scored.

        Args:
            before: the turns before each prompt; None is none.
        """
        turns = before if before is not None else [()] * len(prompts)
        chats = conversations_of(self.tokenizer, turns, prompts, responses)
        texts = [self.tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        order = [row for row in range(len(ids)) if self.context is None or len(ids[row]) <= self.context]
        order.sort(key=lambda row: len(ids[row]))
        raw = np.full(len(texts), np.nan)
        padding = self._padding(ids)
        with progress(total=len(order), title=title, unit="response") as bar:
            batches = BatchSize(self.batch_size, title)
            for rows, found in batches.over(order, lambda rows: self._scored([ids[row] for row in rows], padding)):
                raw[rows] = found
                bar.advance(len(rows), tokens=sum(len(ids[row]) for row in rows))
        return raw

    def _scored(self, batch: list[list[int]], padding: int) -> npt.NDArray[np.float64]:
        """Raw scores of texts in tokens, the longest last."""
        import torch

        width, device = len(batch[-1]), self.model.device
        ids = torch.tensor([row + [padding] * (width - len(row)) for row in batch], device=device)
        real = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch], device=device)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=real).logits
        scores: npt.NDArray[np.float64] = logits[:, 0].double().cpu().numpy()
        return scores

    def _padding(self, ids: list[list[int]]) -> int:
        """The model's padding token; for a model without one, a token that occurs in none of the texts."""
        settings, used = self.model.config.get_text_config(), {token for row in ids for token in row}
        unused = (token for token in range(settings.vocab_size) if token not in used)
        settings.pad_token_id = next(unused) if self.padding is None else self.padding
        return int(settings.pad_token_id)

    def rate(
        self, prompts: Sequence[str], responses: Sequence[str], before: Sequence[Sequence[Message]] | None = None
    ) -> pd.DataFrame:
        """Columns raw and reward (1-5); both NaN for texts longer than the context (see `score`).

        Raises:
            ValueError: if the raw scores for 1 and 5 are unknown.
        """
        if self.scale is None:
            raise WrongInput(
                "the reward model has no scale: give `scale: [raw score for 1, raw score for 5]` in config/models.yaml"
            )
        raw = self.score(prompts, responses, before=before)
        return pd.DataFrame({"raw": raw, "reward": rescale(raw, self.scale)})


def measure_scale(model: RewardModel, pairs: pd.DataFrame, *, most: int, seed: int) -> dict[str, float]:
    """The scale of a reward model that has none, measured on human-written pairs. Their mean raw score maps to 5; that of the
    same responses with other prompts maps to 1.

    Args:
        pairs: columns prompt and response; pairs without a response are ignored.
        most: maximum pairs used, as a seeded sample.

    Returns:
        low, high, pairs (how many), own_wins (share of prompts whose own response scores higher).

    Raises:
        ValueError: if there are fewer than two pairs, or the model does not distinguish the two.
    """
    answered = pairs[pairs["response"].fillna("").str.strip() != ""]
    chosen = answered.sample(n=min(most, len(answered)), random_state=seed)
    if len(chosen) < 2:
        raise WrongInput("no human-written pairs to measure the reward model's scale on: give `scale` in config/models.yaml")
    prompts, responses = list(chosen["prompt"]), list(chosen["response"])
    before = histories(chosen)
    own = model.score(prompts, responses, title="own responses", before=before)
    others = model.score(prompts, responses[1:] + responses[:1], title="other responses", before=before)
    low, high = float(np.nanmean(others)), float(np.nanmean(own))
    if not high > low:
        raise WrongInput(f"the reward model scores true responses ({high:.2f}) no higher than mismatched ones ({low:.2f})")
    return {"low": low, "high": high, "pairs": len(chosen), "own_wins": float(np.mean(own > others))}
