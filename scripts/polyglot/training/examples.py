"""Training examples: chat templates, tokens, and labels for the tokens in the loss."""

from __future__ import annotations

import sys
from typing import Any, Literal

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.models.tokenization import PLACEHOLDER, spellings, tokens_as_text

IGNORED = -100
"""Label of a token outside the loss."""


class NothingFits(WrongInput):
    """No example of a training set fits."""


Example = dict[str, list[int]]
"""Token ids (`input_ids`) and labels (`labels`), of equal length."""


def encode(
    tokenizer: Any, pairs: pd.DataFrame, *, loss: Literal["response", "all"], max_length: int, thoughts: str | None = None
) -> list[Example]:
    """Every (prompt, response) pair as a conversation in the chat template, truncated to `max_length` tokens.

    With the loss on the response, the labels are the tokens that the template marks as the assistant's, including its end of
    turn. An example without such a token after truncation is dropped and logged, and so is one of whose thoughts no answer
    follows. Control tokens that a text spells are tokenised as text, so that only the template's own are learned.

    Args:
        thoughts: the key of an assistant's turn that holds the column `thoughts` (see `polyglot.models.thinking.thoughts_key`);
            None leaves thoughts out.

    Raises:
        NothingFits: if no example is left.
    """
    conversations = [
        [{"role": "user", "content": str(prompt)}, {"role": "assistant", "content": str(response)}]
        for prompt, response in zip(pairs["prompt"], pairs["response"], strict=True)
    ]
    for (_, answer), said in zip(conversations, thoughts_of(pairs, thoughts), strict=True):
        if thoughts is not None and said:
            answer[thoughts] = said
    response_only = loss == "response"
    encoded = tokenizer.apply_chat_template(
        conversations, tokenize=True, return_dict=True, return_assistant_tokens_mask=response_only
    )
    masks = encoded["assistant_masks"] if response_only else [[1] * len(ids) for ids in encoded["input_ids"]]
    examples, spelled = [], spellings(tokenizer)
    for place, (ids, mask) in enumerate(zip(encoded["input_ids"], masks, strict=True)):
        if spelled and tokenizer.is_fast and any(spelled.search(text) for turn in conversations[place] for text in turn.values()):
            ids, mask = tokens_as_text(tokenizer, conversations[place], spelled, masked=response_only)
        labels = [token if kept else IGNORED for token, kept in zip(ids, mask, strict=True)]
        if any(label != IGNORED for label in labels[:max_length]) and (
            len(ids) <= max_length or _answer_starts(tokenizer, conversations[place], thoughts) < max_length
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


def _answer_starts(tokenizer: Any, conversation: list[dict[str, str]], key: str | None) -> int:
    """Tokens before the answer that follows thoughts; 0 without thoughts, since the answer is then what is marked first."""
    question, answer = conversation
    if key not in answer:
        return 0
    whole = tokenizer.apply_chat_template([question, {**answer, "content": PLACEHOLDER}], tokenize=False)
    return len(tokenizer(whole.partition(PLACEHOLDER)[0], add_special_tokens=False)["input_ids"])
