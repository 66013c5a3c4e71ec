"""Errors that an endpoint tells in a body with HTTP 200: in an answer's place, within it, or beside it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from polyglot.engines.bodies import BusyBody, MalformedAnswer, QuotaBody, Rejected, UnpaidBody, read_completion
from polyglot.engines.endpoint_errors import EndpointError
from tests.batch_endpoint import BatchServer
from tests.endpoint import Handler, Server, completion, status
from tests.unit.engines.asking import ask_all, engine, ledger, questions

from .test_batches import ONE, in_batches
from .test_batches import batches as batches


def within(code: Any, said: str, text: str = "") -> dict[str, Any]:
    """A body with an error in its choice (OpenRouter)."""
    body = completion(text, "error")
    body["choices"][0]["error"] = {"code": code, "message": said}
    return body | {"usage": {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}}


RATED = "Rate limited upstream"
MINIMAX = {"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}}
GEMINI = "You exceeded your current quota, please check your plan and billing details."
BUSY = [
    within(429, RATED),
    within("429", RATED),
    completion("") | {"error": {"code": 529, "message": "Overloaded"}},
    MINIMAX,
    {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded"},
    {"detail": "Rate limit exceeded"},
    {"status": 429, "title": "Slow down"},
    {"error": {"code": 429, "message": GEMINI}},
]


@pytest.mark.parametrize("body", BUSY)
def test_too_many_requests_are_known_wherever_they_are_told(body: dict[str, Any]) -> None:
    with pytest.raises(BusyBody):
        read_completion(body, questions(1)[0])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (within(502, "Provider disconnected"), MalformedAnswer),
        (completion("", "error"), MalformedAnswer),
        (completion("", "insufficient_system_resource"), MalformedAnswer),
        (within(400, "No such field"), Rejected),
        (within(403, "input was flagged"), Rejected),
        (within(402, "Insufficient credits"), UnpaidBody),
        ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, UnpaidBody),
        ({"choices": None, "base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, Rejected),
        ({"error": {"code": 429, "type": "insufficient_quota", "message": GEMINI}}, QuotaBody),
    ],
)
def test_other_errors_are_told_apart(body: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        read_completion(body, questions(1)[0])
    assert type(caught.value) is kind


def test_what_was_written_before_an_error_is_kept() -> None:
    answer, _ = read_completion(within(429, RATED, "Half of an ans"), questions(1)[0])
    assert (answer.finish_reason, answer.text, answer.note) == ("failed", "Half of an ans", RATED)


@pytest.mark.parametrize("body", [BUSY[0], MINIMAX, {"detail": "Rate limit exceeded"}, BUSY[-1]])
def test_too_many_requests_are_outlasted_and_cost_nothing(server: Server, tmp_path: Path, body: dict[str, Any]) -> None:
    end = time.monotonic() + 2

    def until_then(handler: Handler) -> None:
        if time.monotonic() < end:
            server.faults[handler.asked].append(until_then)
            handler.reply(200, body)
        else:
            handler.reply(200, completion("late"))

    server.faults = {"q0": [until_then], "q2": [until_then]}
    found = ask_all(engine(server, tmp_path, attempts=1), questions(3), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"stop"}
    assert len(ledger(tmp_path)) == 3


def test_patience_ends_whatever_the_words_are(server: Server, tmp_path: Path) -> None:
    server.behave = lambda body: (200, BUSY[-1])
    start = time.monotonic()
    with pytest.raises(EndpointError, match="got too many requests for 1 seconds"):
        ask_all(engine(server, tmp_path, patience=1), questions(1), tmp_path)
    assert time.monotonic() - start > 1


def test_an_error_that_passes_is_tried_again_at_the_cost_that_is_counted(server: Server, tmp_path: Path) -> None:
    server.faults = {"q1": [status(200, body=within(502, "Provider disconnected"))] * 2}
    found = ask_all(engine(server, tmp_path), questions(3), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"stop"}
    assert server.asked["q1"] == 3
    assert sorted(row["usd"] for row in ledger(tmp_path)) == pytest.approx([5e-6] * 2 + [18e-6] * 3)
    server.faults = {"q4": [status(200, body=within(502, "Provider disconnected"))] * 9}
    found = ask_all(engine(server, tmp_path), questions(6), tmp_path)
    assert (server.asked["q4"], found["id004"].finish_reason) == (4, "failed")
    assert "Provider disconnected" in found["id004"].note


USED_UP = {"error": {"message": GEMINI, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}


@pytest.mark.parametrize("code", [429, 200])
def test_a_quota_of_a_minute_is_outlasted_once_there_are_answers(server: Server, tmp_path: Path, code: int) -> None:
    """DashScope says of the tokens of a minute what OpenAI says of money at its end."""
    server.faults = {"q2": [status(code, body=USED_UP)] * 2}
    found = ask_all(engine(server, tmp_path, attempts=1, concurrency=1), questions(8), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"stop"}
    assert server.asked["q2"] == 3
    assert len(ledger(tmp_path)) == 8


@pytest.mark.parametrize(
    ("code", "said"), [(429, r"cannot answer \(HTTP 429\): .*billing details"), (200, "cannot answer: .*billing")]
)
@pytest.mark.parametrize(("waits", "patience"), [(2.0, 60), (60.0, 2)])
def test_money_at_its_end_ends_the_job_after_a_bounded_time(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str, waits: float, patience: float
) -> None:
    """And the next job at once."""
    monkeypatch.setattr("polyglot.engines.openai_engine.QUOTA_WAIT", waits)
    server.behave = lambda body: (200, completion("yes")) if body["messages"][-1]["content"] < "q3" else (code, USED_UP)
    start = time.monotonic()
    with pytest.raises(EndpointError, match=said):
        ask_all(engine(server, tmp_path, concurrency=2, patience=patience), questions(8), tmp_path)
    assert 2 < time.monotonic() - start < 15
    before = sum(server.asked.values())
    with pytest.raises(EndpointError, match=said):
        ask_all(engine(server, tmp_path, concurrency=2), questions(8), tmp_path)
    assert sum(server.asked.values()) - before <= 2
    assert len(ledger(tmp_path)) == 3


def test_a_row_of_a_batch_that_says_too_many_requests_costs_nothing(batches: BatchServer, tmp_path: Path) -> None:
    rows = {"q1": [within(429, RATED)]}
    batches.row = lambda body: (rows.get(body["messages"][-1]["content"]) or [completion("here")]).pop()
    found = ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    assert {answer.text for answer in found.values()} == {"here"}
    assert [row["usd"] for row in ledger(tmp_path)] == [pytest.approx(ONE)] * 3
