"""Training examples: chat templates, tokens, and labels for the tokens in the loss."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal

import pandas as pd

from polyglot.core.conversations import histories
from polyglot.core.errors import WrongInput
from polyglot.core.prompts import Message
from polyglot.models.conversations import conversations_of
from polyglot.models.tokenization import START, spellings, tokens_as_text, tokens_before

IGNORED = -100
"""Label of a token outside the loss."""


class NothingFits(WrongInput):
    """No example of a training set fits."""


Loss = Literal["response", "responses", "all"]
"""Tokens in the loss: those of the last response, of all responses of a conversation, or all."""
Example = dict[str, list[int]]
"""Token ids (`input_ids`) and labels (`labels`), of equal length."""


def encode(tokenizer: Any, pairs: pd.DataFrame, *, loss: Loss, max_length: int, thoughts: str | None = None) -> list[Example]:
    """Every (prompt, response) pair, after the turns before it, as a conversation in the chat template, truncated to `max_length`
    tokens.

    With the loss on the response, the labels are the tokens that the template marks as the assistant's, including its end of
    turn: those of the last turn, or with `responses` those of all turns. An example without such a token of the last turn after
    truncation is dropped and logged, and so is one of whose thoughts no answer follows. Control tokens that a text spells are
    tokenised as text, so that only the template's own are learned.

    Args:
        thoughts: the key of an assistant's turn that holds the column `thoughts` (see `polyglot.models.thinking.thoughts_key`);
            None leaves thoughts out.

    Raises:
        NothingFits: if no example is left.
    """
    conversations = conversations_of(tokenizer, histories(pairs), pairs["prompt"], pairs["response"])
    for (*_, answer), said in zip(conversations, thoughts_of(pairs, thoughts), strict=True):
        if thoughts is not None and said:
            answer[thoughts] = said
    response_only = loss != "all"
    encoded = tokenizer.apply_chat_template(
        conversations, tokenize=True, return_dict=True, return_assistant_tokens_mask=response_only
    )
    masks = encoded["assistant_masks"] if response_only else [[1] * len(ids) for ids in encoded["input_ids"]]
    examples, known = [], spellings(tokenizer) if tokenizer.is_fast else None
    for turns, ids, mask in zip(conversations, encoded["input_ids"], masks, strict=True):
        spelled = known if known and any(known.search(text) for turn in turns for text in turn.values()) else None
        if spelled:
            ids, mask = tokens_as_text(tokenizer, turns, spelled, masked=response_only)
        last = _of_the_last_turn(tokenizer, turns, mask, spelled) if response_only else mask
        counts = last if loss == "response" else mask
        labels = [token if kept else IGNORED for token, kept in zip(ids, counts, strict=True)]
        if any(last[:max_length]) and (
            len(ids) <= max_length or _answer_starts(tokenizer, turns, thoughts, spelled) < max_length
        ):
            examples.append({"input_ids": list(ids[:max_length]), "labels": labels[:max_length]})
    left_out = len(conversations) - len(examples)
    if not examples:
        raise NothingFits(f"no response starts within training.max_length ({max_length} tokens); raise it")
    if left_out:
        print(f"{left_out} examples left out: no response within training.max_length ({max_length} tokens)", file=sys.stderr)
    return examples


def counted(examples: list[Example], pairs: int) -> dict[str, int]:
    """How many of a training set's pairs are trained on, and how many are not because they are too long."""
    return {"trained_on": len(examples), "too_long": pairs - len(examples)}


def thoughts_of(pairs: pd.DataFrame, key: str | None) -> list[str]:
    """The thoughts of every pair; empty without them, or without a key."""
    if key is None or "thoughts" not in pairs:
        return [""] * len(pairs)
    return list(pairs["thoughts"].fillna(""))


def _answer_starts(tokenizer: Any, turns: list[Message], key: str | None, spelled: re.Pattern[str] | None) -> int:
    """Tokens before the answer that follows thoughts; 0 without thoughts, since the answer is then what is marked first."""
    *before, answer = turns
    return tokens_before(tokenizer, [*before, {**answer, "content": START}], spelled) if key in answer else 0


def _of_the_last_turn(tokenizer: Any, turns: list[Message], mask: list[int], spelled: re.Pattern[str] | None) -> list[int]:
    """The mask of the last of the assistant's turns alone: it is 0 up to the prompt before it."""
    if sum(turn["role"] == "assistant" for turn in turns) < 2:
        return mask
    *before, question, answer = turns
    start = tokens_before(tokenizer, [*before, {**question, "content": START}, answer], spelled)
    return [0] * start + list(mask[start:])
