"""Conversations as a model's chat template takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polyglot.core.conversations import folded
from polyglot.core.prompts import Message
from polyglot.models.tokenization import PLACEHOLDER


def takes_system(tokenizer: Any) -> bool:
    """Whether a chat template writes a system turn; some reject one, and some leave it out."""
    turns = [("system", PLACEHOLDER), ("user", "a"), ("assistant", "b")]
    try:
        whole = tokenizer.apply_chat_template([{"role": who, "content": said} for who, said in turns], tokenize=False)
    except Exception:  # a template can raise anything
        return False
    return PLACEHOLDER in whole


def conversations_of(
    tokenizer: Any, before: Sequence[Sequence[Message]], prompts: Iterable[str], responses: Iterable[str] | None
) -> list[list[Message]]:
    """Prompts and responses with the turns before them, for a tokenizer's chat template.

    A system turn's text stands before the first prompt's if the template takes no system turn.

    Args:
        before: the turns before each prompt. responses: None leaves them out.
    """
    chats = [[*turns, {"role": "user", "content": str(prompt)}] for turns, prompt in zip(before, prompts, strict=True)]
    if any(chat[0]["role"] == "system" for chat in chats) and not takes_system(tokenizer):
        chats = [folded(chat) for chat in chats]
    if responses is None:
        return chats
    answered = zip(chats, responses, strict=True)
    return [[*chat, {"role": "assistant", "content": str(response)}] for chat, response in answered]
