"""Log-likelihoods of an item's options, in float32 whatever the model's weights are in.

In bfloat16, logits of about 20 are multiples of 1/8: options that differ by less come out equal, and the first of them wins. So
the last hidden state of each position that counts is multiplied with the vocabulary in float32. Other positions get no logits.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from polyglot.core.progress import progress
from polyglot.evaluation.batches import TokenBatches
from polyglot.evaluation.prompts import Options

LOGITS = 2**15
"""Logits that count as one token in the bound of a batch: 128 KiB in float32, about a token's activations in a large model."""
BLOCK = 2**27
"""Weights of the vocabulary that are turned into float32 at a time: 512 MiB."""


@dataclass(frozen=True)
class Row:
    """What a model reads: an item's context and all but the last token of an option.

    Attributes:
        start: the position whose logits predict the option's first token.
        place: the item's. numbers: those of its options that are read so; single tokens all are.
    """

    ids: tuple[int, ...]
    start: int
    place: int
    numbers: tuple[int, ...]


def log_likelihoods(model: Any, items: Sequence[Options], *, tokens: int, pad: int) -> list[list[float]]:
    """The log-likelihood (nats) of every option of every item, given the item's context.

    Args:
        model: a causal language model of transformers.
        tokens: most tokens of a batch, padding included.
        pad: a token to fill rows with on the right, where a causal model does not look.
    """
    import torch

    rows = sorted((row for place, item in enumerate(items) for row in _rows(place, item)), key=lambda row: -len(row.ids))
    found = [[0.0] * len(item.options) for item in items]
    vocabulary: int = model.get_output_embeddings().weight.shape[0]

    def cost(batch: Sequence[Row]) -> int:
        return len(batch) * (max(len(row.ids) for row in batch) + len(_positions(batch)) * vocabulary // LOGITS)

    batches = TokenBatches(tokens, "options")
    with torch.inference_mode(), _float32_vocabulary(model), progress(total=len(rows), title="options", unit="row") as bar:
        for batch, scores in batches.over(rows, cost, lambda batch: _scored(model, batch, items, pad)):
            for row, values in zip(batch, scores, strict=True):
                for number, value in zip(row.numbers, values, strict=True):
                    found[row.place][number] = value
            bar.advance(len(batch), tokens=sum(len(row.ids) for row in batch))
    return found


def _rows(place: int, item: Options) -> list[Row]:
    read: dict[tuple[int, ...], list[int]] = {}
    for number, option in enumerate(item.options):
        read.setdefault((*item.context, *option[:-1]), []).append(number)
    return [Row(ids, len(item.context) - 1, place, tuple(numbers)) for ids, numbers in read.items()]


def _positions(batch: Sequence[Row]) -> list[int]:
    """The positions whose logits count in any row."""
    return sorted(set().union(*(range(row.start, len(row.ids)) for row in batch)))


def _scored(model: Any, batch: Sequence[Row], items: Sequence[Options], pad: int) -> list[list[float]]:
    """The log-likelihoods of the options of each row of a batch."""
    import torch

    ids = torch.full((len(batch), max(len(row.ids) for row in batch)), pad)
    for number, row in enumerate(batch):
        ids[number, : len(row.ids)] = torch.tensor(row.ids)
    positions = _positions(batch)
    wanted = torch.tensor(positions)
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        logits = model(input_ids=ids.to(model.device), use_cache=False, logits_to_keep=wanted).logits
    else:
        logits = model(input_ids=ids.to(model.device), use_cache=False).logits[:, wanted]
    scores = []
    for number, row in enumerate(batch):
        first = positions.index(row.start)
        own = logits[number, first : first + len(row.ids) - row.start].float()  # [tokens of an option, vocabulary]
        options = torch.tensor([items[row.place].options[option] for option in row.numbers], device=own.device)
        each = own.gather(1, options.T) - own.logsumexp(dim=1, keepdim=True)
        scores.append(each.double().sum(dim=0).tolist())
    return scores


@contextlib.contextmanager
def _float32_vocabulary(model: Any) -> Iterator[None]:
    """Let a model with weights in half precision compute its logits in float32, a block of the vocabulary at a time."""
    import torch

    head = model.get_output_embeddings()
    weight, bias = head.weight, getattr(head, "bias", None)
    if weight.dtype not in (torch.bfloat16, torch.float16):
        yield
        return

    def forward(hidden: Any) -> Any:
        hidden = hidden.to(weight.device).float()
        logits = torch.empty(*hidden.shape[:-1], len(weight), device=weight.device)
        step = max(BLOCK // weight.shape[1], 1)
        for first in range(0, len(weight), step):
            part = slice(first, first + step)
            logits[..., part] = hidden @ weight[part].float().T
        return logits if bias is None else logits + bias.float()

    with mock.patch.object(head, "forward", forward):
        yield
