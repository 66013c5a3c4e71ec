"""Errors that repeat what was asked: only the endpoint's own words say what an error is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyglot.engines.base import Request
from polyglot.engines.bodies import MalformedAnswer, parsed, read_completion
from polyglot.engines.endpoint_errors import may_pass
from polyglot.engines.error_words import own_words
from tests.batch_endpoint import BatchServer
from tests.endpoint import Server, completion
from tests.unit.engines.asking import ask_all, engine, questions

from .test_batches import batches as batches
from .test_batches import in_batches

MONEY, BUSY = "Where do I find my billing details?", "Why are hospitals\noverloaded?"


def pydantic(turns: Any) -> dict[str, Any]:
    """FastAPI's validation error, with what it validates."""
    said = {"type": "value_error", "loc": ["body", "messages"], "msg": "Value error, message not allowed", "input": turns}
    return {"detail": [said]}


def asked(text: str) -> list[Request]:
    """Forty requests, the last of which asks this."""
    return [*questions(39), Request("id039", [{"role": "user", "content": text}], seed=39)]


REPEATS = [
    (422, pydantic),
    (400, pydantic),
    (400, lambda turns: {"error": {"message": f"[{{'msg': 'Value error, not allowed', 'input': {turns}}}]", "code": 400}}),
    (400, lambda turns: {"message": f"1 validation error: not allowed [input_value={turns}, input_type=list]"}),
    (400, lambda turns: {"error": {"message": f"not allowed: {turns[0]['content']}"}}),
    (400, lambda turns: {"detail": "not allowed", "body": {"messages": turns}}),
    (403, lambda turns: {"error": {"message": "flagged", "metadata": {"flagged_input": turns[0]["content"][:33]}}}),
    (200, lambda turns: {"error": {"code": 403, "message": "flagged", "metadata": {"flagged_input": turns[0]["content"][:33]}}}),
]


@pytest.mark.parametrize("text", [MONEY, BUSY])
@pytest.mark.parametrize(("code", "said"), REPEATS)
def test_a_rejection_that_repeats_its_request_is_about_this_request(
    server: Server, tmp_path: Path, code: int, said: Any, text: str
) -> None:
    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        turns = body["messages"]
        return (code, said(turns)) if turns[-1]["content"] == text else (200, completion("fine"))

    server.behave = behave
    found = ask_all(engine(server, tmp_path, patience=1, concurrency=4), asked(text), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop"] * 39 + ["refused"]
    assert server.asked[text] == 1
    assert text not in found["id039"].note


def test_so_is_one_in_a_row_of_a_batch(batches: BatchServer, tmp_path: Path) -> None:
    def row(body: dict[str, Any]) -> Any:
        turns = body["messages"]
        return (422, pydantic(turns)) if turns[-1]["content"] == MONEY else completion("fine")

    batches.row = row
    found = ask_all(in_batches(batches.url, tmp_path), asked(MONEY), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop"] * 39 + ["refused"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"choices": [{"message": {"content": "Your billing details are in',
        b'{"output": [{"type": "message", "content": [{"text": "Your billing details are overloaded"}]}]}',
    ],
)
def test_what_a_model_has_written_is_no_word_of_the_endpoint(content: bytes) -> None:
    with pytest.raises(MalformedAnswer) as caught:
        read_completion(parsed(content), questions(1)[0])
    assert type(caught.value).__name__ in ("MalformedAnswer", "TornBody")
    assert may_pass(caught.value)


def test_own_words_are_kept() -> None:
    said = {"error": {"code": 429, "message": "Invalid input: 'temperature' is above 2", "details": [{"loc": ["body", "input"]}]}}
    assert own_words(said, ["above"]) == said  # a short text may be a word of the endpoint's own
    assert own_words("said of\nsome long text: no", ["of\nsome long text"]) == "said [...]: no"
    assert own_words({"error": "said of\\nsome long text"}, ["of\nsome long text"]) == {"error": "said [...]"}
