"""Perplexity of a student base on a teacher's responses, given their prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from polyglot.core.batch_size import BatchSize
from polyglot.core.progress import progress
from polyglot.core.prompts import Message
from polyglot.models.conversations import conversations_of
from polyglot.models.loading import load_language_model
from polyglot.models.tokenization import load_tokenizer, needs_chat_template

OK, TOO_LONG, NO_TOKENS = "ok", "too_long", "no_tokens"
"""Status of an example: it has a perplexity, or why not."""
CHUNK = 2**27
"""Logits that are held in float32 at a time: 0.5 GB, two or three times. Those of a whole batch are in the model's own type."""


def token_losses(logits: Any, ids: Any, chunk: int = CHUNK) -> Any:
    """The negative log-likelihood (nats) of each token, in float32.

    Args:
        logits: shape (batch, tokens, vocabulary), in the model's type.
        ids: the tokens, shape (batch, tokens).
        chunk: at most so many logits become float32 at a time, of all rows together.

    Returns:
        Shape (batch, tokens).
    """
    import torch

    rows, _, vocabulary = logits.shape
    parts = zip(*(whole.split(max(1, chunk // (rows * vocabulary)), dim=1) for whole in (logits, ids)), strict=True)
    losses = [
        torch.nn.functional.cross_entropy(own.float().flatten(0, 1), right.flatten(), reduction="none").view(rows, -1)
        for own, right in parts
    ]
    return torch.cat(losses, dim=1)


def perplexities(nll: pd.Series, tokens: pd.Series) -> dict[str, float]:
    """Corpus perplexity exp(sum NLL / sum tokens), and median and mean of the per-example values.

    The mean of per-example values is what arXiv 2604.11290 reports (section 2.2).
    """
    each = pd.Series(np.exp(nll / tokens))
    return {"corpus": float(np.exp(nll.sum() / tokens.sum())), "median": float(each.median()), "mean": float(each.mean())}


def _status(length: int, start: int, limit: int | None) -> str:
    """Whether an example can be measured, or why not.

    Args:
        length: tokens of prompt and response. start: those of the prompt. limit: the model's context.
    """
    if limit is not None and length > limit:
        return TOO_LONG
    return NO_TOKENS if length <= start else OK


class PerplexityMeter:
    """Scores responses with a causal language model from a local folder.

    Only response tokens count: the prompt and the padding are masked. With `average="batch"`, for comparison with published
    numbers, padding on the right counts too, and all examples of a batch get the mean of its tokens; batches are then examples
    side by side, not of similar length. With `chat_template`, prompt and response are put in the
    model's chat template (its tokenizer's own, or that of the file `template`) and the end-of-turn token counts as part of the
    response.

    Args:
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    def __init__(
        self,
        model: Path,
        *,
        chat_template: bool,
        batch_size: int,
        padding_side: str = "right",
        average: Literal["example", "batch"] = "example",
        template: Path | None = None,
        gpus: int = 1,
    ) -> None:
        self.tokenizer: Any = load_tokenizer(model, template if chat_template else None)
        if chat_template:
            needs_chat_template(self.tokenizer, model)
        self.model: Any = load_language_model(model, gpus=gpus)
        self.chat_template = chat_template
        self.batch_size = batch_size
        self.padding_side = padding_side
        self.average = average

    def encode(self, prompt: str, response: str, *, before: Sequence[Message] = ()) -> tuple[list[int], int]:
        """Token ids of prompt and response, after the turns before them, and where the response starts."""
        shown = "\n".join([*(turn["content"] for turn in before), prompt])
        if self.chat_template:
            (turns,) = conversations_of(self.tokenizer, [before], [prompt], None)
            head = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            whole = self.tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": response}], tokenize=False)
            tail = whole[len(head) :].rstrip() if whole.startswith(head) else response + (self.tokenizer.eos_token or "")
        elif self.average == "batch":
            together, alone = (self.tokenizer(text)["input_ids"] for text in (shown + response, shown))
            return together, len(alone)
        else:
            head, tail = f"{shown}\n", response
        start = self.tokenizer(head, add_special_tokens=not self.chat_template)["input_ids"]
        answer = self.tokenizer(tail, add_special_tokens=False)["input_ids"]
        if not start:  # a model without a begin token still needs one token of context
            start = [self.tokenizer.eos_token_id]
        return start + answer, len(start)

    def encoded(
        self, prompts: Sequence[str], responses: Sequence[str], before: Sequence[Sequence[Message]] | None
    ) -> list[tuple[list[int], int]]:
        """The same of n examples; `before` as for `measure`."""
        turns = before if before is not None else [()] * len(prompts)
        examples = zip(prompts, responses, turns, strict=True)
        return [self.encode(prompt, response, before=earlier) for prompt, response, earlier in examples]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Lengths in tokens, without special tokens."""
        return [len(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def measure(
        self,
        prompts: Sequence[str],
        responses: Sequence[str],
        title: str = "perplexity",
        before: Sequence[Sequence[Message]] | None = None,
    ) -> pd.DataFrame:
        """Negative log-likelihood (nats) and number of response tokens, one row per example, in the given order.

        Args:
            before: the turns before each prompt; None is none.

        Returns:
            Columns nll, tokens, perplexity (all NaN unless the status is `ok`) and status: `too_long` if prompt and response are
            longer than the model's context, `no_tokens` if the response has none, else `ok`.
        """
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        encoded = self.encoded(prompts, responses, before)
        statuses = [_status(len(ids), start, limit) for ids, start in encoded]
        measurable = [row for row, status in enumerate(statuses) if status == OK]
        if self.average == "batch":
            by_batch = self._measured_by_batch([encoded[row] for row in measurable], title).set_axis(measurable)
            return by_batch.reindex(range(len(encoded))).assign(status=pd.Series(statuses, dtype="str"))
        order = sorted(measurable, key=lambda index: len(encoded[index][0]))
        nll, tokens = np.full(len(encoded), np.nan), np.full(len(encoded), np.nan)
        with progress(total=len(order), title=title, unit="example") as bar:
            batches = BatchSize(self.batch_size, title)
            for rows, found in batches.over(order, lambda rows: self._losses([encoded[row] for row in rows])):
                nll[rows], tokens[rows] = found
                bar.advance(len(rows), tokens=int(tokens[rows].sum()))
        columns = {"nll": nll, "tokens": tokens, "perplexity": np.exp(nll / tokens)}
        return pd.DataFrame(columns).assign(status=pd.Series(statuses, dtype="str"))

    def _measured_by_batch(self, encoded: list[tuple[list[int], int]], title: str) -> pd.DataFrame:
        """As `measure`, with the mean of a batch for each of its examples; `tokens` are those that count, padding included."""
        nll, tokens = np.zeros(len(encoded)), np.zeros(len(encoded), dtype=int)
        with progress(total=len(encoded), title=title, unit="example") as bar:
            for first in range(0, len(encoded), self.batch_size):
                batch = encoded[first : first + self.batch_size]
                width = max(len(ids) for ids, _ in batch)
                parts = BatchSize(None, title).over(batch, lambda rows, width=width: self._losses(rows, width))  # type: ignore[misc]
                total, counted = (np.concatenate(found) for found in zip(*(found for _, found in parts), strict=True))
                place = slice(first, first + len(batch))
                tokens[place] = counted
                nll[place] = counted * total.sum() / counted.sum()
                bar.advance(len(batch), tokens=int(counted.sum()))
        return pd.DataFrame({"nll": nll, "tokens": tokens, "perplexity": np.exp(nll / tokens)})

    def _losses(self, batch: Sequence[tuple[list[int], int]], padded: int = 0) -> tuple[Any, Any]:
        """Negative log-likelihood and number of the tokens that count, each of shape (batch,).

        Args:
            padded: the width up to which padding on the right counts.
        """
        import torch

        ids, mask, counts = self._pad(batch, padded)
        with torch.inference_mode():
            positions = ((mask | bool(padded)).cumsum(-1) - 1).clamp_min(0)
            logits = self.model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits
            losses = token_losses(logits[:, :-1], ids[:, 1:])
        return (losses.double() * counts[:, 1:]).sum(1).cpu().numpy(), counts[:, 1:].sum(1).cpu().numpy()

    def _pad(self, rows: Sequence[tuple[list[int], int]], padded: int) -> tuple[Any, Any, Any]:
        """Token ids, attention mask and which tokens count, each of shape (batch, width)."""
        import torch

        width = max(padded, *(len(ids) for ids, _ in rows))
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else 0
        ids_rows: list[list[int]] = []
        mask_rows: list[list[int]] = []
        count_rows: list[list[int]] = []
        for ids, start in rows:
            gap = width - len(ids)
            counts = [0] * min(start, len(ids)) + [1] * max(len(ids) - start, 0)
            parts = ([pad] * gap, [0] * gap, [1 if padded else 0] * gap)
            whole = (ids, [1] * len(ids), counts)
            left = self.padding_side == "left" and not padded
            for target, extra, own in zip((ids_rows, mask_rows, count_rows), parts, whole, strict=True):
                target.append(extra + own if left else own + extra)
        return (
            torch.tensor(ids_rows, device=self.model.device),
            torch.tensor(mask_rows, device=self.model.device),
            torch.tensor(count_rows, device=self.model.device),
        )
