"""Conversations: the turns before the prompt that is answered, kept as text beside prompt and response."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from polyglot.core.text import unfit

if TYPE_CHECKING:
    import pandas as pd

    from polyglot.core.prompts import Message

HISTORY = "history"
"""Column of seeds, requests, answers and training sets: the turns before the prompt as JSON; "" without any. Tables of a study
that reads only first turns do not have it."""
Turns = Literal["first", "all"]
"""What is read of a dialogue: its first prompt and the response to it, or all of it."""
ROLES = {"prompt": "user", "response": "assistant", "system": "system"}
"""Who speaks in a turn, by what the turn is."""


class Conversation(NamedTuple):
    """A dialogue: the turns before its last prompt (see `HISTORY`), that prompt, and the response to it; "" without one."""

    history: str
    prompt: str
    response: str


def conversation(turns: Sequence[tuple[str, str]]) -> Conversation:
    """A whole dialogue: perhaps a system turn, then prompts and responses in turn; the last prompt may have no response.

    Args:
        turns: who speaks (a key of `ROLES`) and what.

    Raises:
        ValueError: for a turn without text, of somebody else, or out of order; a chat template takes no such dialogue.
    """
    first = 1 if turns and turns[0][0] == "system" else 0
    for number, (who, said) in enumerate(turns, 1):
        expected = "system" if number <= first else "prompt" if (number - first) % 2 else "response"
        if who != expected:
            held = ROLES.get(who, who)
            raise ValueError(f"turn {number} is of '{held}' where one of '{ROLES[expected]}' has to be")
        if not said.strip():
            raise ValueError(f"turn {number} has no text")
        if told := unfit(said):
            raise ValueError(f"turn {number} has {told}, which is no character of a text,")
    if len(turns) == first:
        raise ValueError("no turn of a user with text")
    response = turns[-1][1] if turns[-1][0] == "response" else ""
    *before, (_, prompt) = turns[:-1] if response else turns
    return Conversation(written([{"role": ROLES[who], "content": said} for who, said in before]), prompt, response)


def written(turns: Sequence[Message]) -> str:
    """Turns as they stand in a column `HISTORY`."""
    return json.dumps(list(turns), ensure_ascii=False) if turns else ""


def turns_in(history: object) -> list[Message]:
    """The turns of such a value; none for "" and for a missing value."""
    return list(json.loads(history)) if isinstance(history, str) and history else []


def histories(rows: pd.DataFrame) -> list[list[Message]]:
    """The turns before the prompt of each row; none in tables without the column."""
    return [turns_in(value) for value in rows[HISTORY]] if HISTORY in rows else [[] for _ in range(len(rows))]


def told(turns: Sequence[Message]) -> str:
    """Turns as one text with the names of who speaks; of a single turn of a user, its text alone."""
    if len(turns) == 1 and turns[0]["role"] == "user":
        return turns[0]["content"]
    return "\n\n".join(f"{turn['role'].capitalize()}: {turn['content']}" for turn in turns)


def prompts_told(rows: pd.DataFrame) -> list[str]:
    """Of each row all before the response as one text: the prompt, or the conversation up to it (see `told`)."""
    asked = zip(histories(rows), rows["prompt"], strict=True)
    return [told([*before, {"role": "user", "content": prompt}]) if before else prompt for before, prompt in asked]


def turns_before(rows: pd.DataFrame) -> list[list[str]]:
    """Of each row the texts before the response: its prompt, after those of the conversation that it belongs to."""
    asked = zip(histories(rows), rows["prompt"], strict=True)
    return [[*(turn["content"] for turn in before), prompt] for before, prompt in asked]


def folded(turns: Sequence[Message]) -> list[Message]:
    """A chat with its system turn's text before the user's, for models without a system turn."""
    if len(turns) < 2 or turns[0]["role"] != "system":
        return list(turns)
    first: Message = {**turns[1], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]
