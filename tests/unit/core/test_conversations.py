"""Conversations: what comes before a prompt is kept whole, and what no chat template takes is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from polyglot.core.conversations import conversation, folded, histories, prompts_told, turns_before, turns_in, written

TURNS = [("system", "Sei knapp."), ("prompt", "Was ist 2+2?"), ("response", "Vier."), ("prompt", "Und mal 3?")]
BEFORE = [
    {"role": "system", "content": "Sei knapp."},
    {"role": "user", "content": "Was ist 2+2?"},
    {"role": "assistant", "content": "Vier."},
]


def test_the_last_prompt_is_asked_after_all_turns_before_it() -> None:
    open_end = conversation(TURNS)
    assert (turns_in(open_end.history), open_end.prompt, open_end.response) == (BEFORE, "Und mal 3?", "")
    answered = conversation([*TURNS, ("response", "Zwölf.")])
    assert answered == (open_end.history, "Und mal 3?", "Zwölf.")
    assert conversation([("prompt", "Hallo?"), ("response", "Ja.")]) == ("", "Hallo?", "Ja.")
    assert turns_in(conversation([("system", "Sei knapp."), ("prompt", "Hallo?")]).history) == BEFORE[:1]


@pytest.mark.parametrize(
    ("turns", "what"),
    [
        ([], "no turn of a user with text"),
        ([("system", "a")], "no turn of a user with text"),
        ([("response", "a")], "turn 1 is of 'assistant' where one of 'user' has to be"),
        ([("prompt", "a"), ("prompt", "b")], "turn 2 is of 'user' where one of 'assistant' has to be"),
        ([("prompt", "a"), ("tool", "b")], "turn 2 is of 'tool' where one of 'assistant' has to be"),
        ([("prompt", "a"), ("system", "b")], "turn 2 is of 'system' where one of 'assistant' has to be"),
        ([("prompt", "a"), ("response", " "), ("prompt", "b")], "turn 2 has no text"),
    ],
)
def test_what_no_chat_template_takes_is_refused(turns: list[tuple[str, str]], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        conversation(turns)


def test_a_table_without_the_column_and_empty_or_missing_values_mean_no_turns_before() -> None:
    rows = pd.DataFrame({"prompt": ["a", "b", "c"]})
    assert histories(rows) == [[], [], []]
    rows["history"] = ["", None, written(BEFORE)]
    assert histories(rows) == [[], [], BEFORE]
    assert turns_before(rows) == [["a"], ["b"], ["Sei knapp.", "Was ist 2+2?", "Vier.", "c"]]
    assert prompts_told(rows) == ["a", "b", "System: Sei knapp.\n\nUser: Was ist 2+2?\n\nAssistant: Vier.\n\nUser: c"]


def test_a_system_turn_is_folded_into_the_first_prompt() -> None:
    assert folded(BEFORE) == [{"role": "user", "content": "Sei knapp.\n\nWas ist 2+2?"}, BEFORE[2]]
    assert folded(BEFORE[1:]) == BEFORE[1:]
