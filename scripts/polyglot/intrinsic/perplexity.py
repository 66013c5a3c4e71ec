"""Perplexity of a student base on a teacher's responses, given their prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.progress import progress
from polyglot.models.tokenization import load_tokenizer, needs_chat_template


def perplexities(nll: pd.Series, tokens: pd.Series) -> dict[str, float]:
    """Corpus perplexity exp(sum NLL / sum tokens), and median and mean of the per-example values.

    The mean of per-example values is what arXiv 2604.11290 reports (section 2.2).
    """
    each = pd.Series(np.exp(nll / tokens))
    return {"corpus": float(np.exp(nll.sum() / tokens.sum())), "median": float(each.median()), "mean": float(each.mean())}


class PerplexityMeter:
    """Scores responses with a causal language model from a local folder.

    Only response tokens count: the prompt and the padding are masked. With `chat_template`, prompt and response are put in the
    model's chat template (its tokenizer's own, or that of the file `template`) and the end-of-turn token counts as part of the
    response.
    """

    def __init__(
        self, model: Path, *, chat_template: bool, batch_size: int, padding_side: str = "right", template: Path | None = None
    ) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.tokenizer: Any = load_tokenizer(model, template if chat_template else None)
        if chat_template:
            needs_chat_template(self.tokenizer, model)
        self.model: Any = AutoModelForCausalLM.from_pretrained(model, dtype=dtype, local_files_only=True)
        self.model = self.model.to(self.device).eval()
        self.chat_template = chat_template
        self.batch_size = batch_size
        self.padding_side = padding_side

    def encode(self, prompt: str, response: str) -> tuple[list[int], int]:
        """Token ids of prompt and response, and where the response starts."""
        if self.chat_template:
            turns = [{"role": "user", "content": prompt}]
            head = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            whole = self.tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": response}], tokenize=False)
            tail = whole[len(head) :].rstrip() if whole.startswith(head) else response + (self.tokenizer.eos_token or "")
        else:
            head, tail = f"{prompt}\n", response
        start = self.tokenizer(head, add_special_tokens=not self.chat_template)["input_ids"]
        answer = self.tokenizer(tail, add_special_tokens=False)["input_ids"]
        if not start:  # a model without a begin token still needs one token of context
            start = [self.tokenizer.eos_token_id]
        return start + answer, len(start)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Lengths in tokens, without special tokens."""
        return [len(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def measure(self, prompts: Sequence[str], responses: Sequence[str], title: str = "perplexity") -> pd.DataFrame:
        """Negative log-likelihood (nats) and number of response tokens, one row per example, in the given order.

        Returns:
            Columns nll, tokens, perplexity.

        Raises:
            ValueError: if a response has no tokens, or its prompt fills the model's context (names the row).
        """
        import torch

        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        encoded = [self.encode(prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
        for row, (ids, start) in enumerate(encoded):
            if len(ids) == start:
                raise ValueError(f"row {row}: the response has no tokens")
            if limit is not None and start >= limit:
                raise ValueError(f"row {row}: the prompt has {start} tokens, the model's context {limit}; leave the row out")
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][0]))
        nll = np.zeros(len(encoded))
        tokens = np.zeros(len(encoded), dtype=int)
        with progress(total=len(encoded), title=title, unit="example") as bar:
            for first in range(0, len(order), self.batch_size):
                rows = order[first : first + self.batch_size]
                ids, mask, counts = self._pad([encoded[row] for row in rows], limit)
                with torch.inference_mode():
                    positions = (mask.cumsum(-1) - 1).clamp_min(0)
                    logits = self.model(input_ids=ids, attention_mask=mask, position_ids=positions).logits
                    losses = torch.nn.functional.cross_entropy(
                        logits[:, :-1].float().transpose(1, 2), ids[:, 1:], reduction="none"
                    )
                nll[rows] = (losses.double() * counts[:, 1:]).sum(1).cpu().numpy()
                tokens[rows] = counts[:, 1:].sum(1).cpu().numpy()
                bar.advance(len(rows), tokens=int(tokens[rows].sum()))
        return pd.DataFrame({"nll": nll, "tokens": tokens, "perplexity": np.exp(nll / tokens)})

    def _pad(self, batch: list[tuple[list[int], int]], limit: int | None) -> tuple[Any, Any, Any]:
        """Token ids, attention mask and which tokens count, each of shape (batch, width)."""
        import torch

        rows = [(ids[:limit], start) for ids, start in batch]
        width = max(len(ids) for ids, _ in rows)
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else 0
        ids_rows: list[list[int]] = []
        mask_rows: list[list[int]] = []
        count_rows: list[list[int]] = []
        for ids, start in rows:
            gap = width - len(ids)
            counts = [0] * min(start, len(ids)) + [1] * max(len(ids) - start, 0)
            parts = ([pad] * gap, [0] * gap, [0] * gap)
            whole = (ids, [1] * len(ids), counts)
            left = self.padding_side == "left"
            for target, extra, own in zip((ids_rows, mask_rows, count_rows), parts, whole, strict=True):
                target.append(extra + own if left else own + extra)
        return (
            torch.tensor(ids_rows, device=self.device),
            torch.tensor(mask_rows, device=self.device),
            torch.tensor(count_rows, device=self.device),
        )
