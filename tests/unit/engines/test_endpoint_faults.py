"""What becomes of requests when their endpoint rejects, fails, is busy or silent, and when the job is killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import APITimeoutError

from polyglot.core.sidefile import SideFile
from polyglot.engines import pace
from polyglot.engines.endpoint_errors import EndpointError, may_be_paid
from polyglot.registry.models import Limits
from tests.endpoint import Fault, Handler, Server, a_page, completion, cut, cut_in_the_body, drips, status
from tests.patience import STANDSTILL, wait_until
from tests.unit.engines.asking import ask_all, engine, ledger, questions

FLAGGED = {"error": {"code": 403, "message": "input was flagged", "metadata": {"reasons": ["violence"]}}}
BLOCKED = {key: value for key, value in completion("").items() if key != "choices"} | {"choices": []}


@pytest.mark.parametrize("fault", [status(200, body=BLOCKED), status(200, body=FLAGGED), status(403, body=FLAGGED)])
def test_a_prompt_that_is_blocked_is_refused_and_the_others_are_answered(server: Server, tmp_path: Path, fault: Fault) -> None:
    server.faults = {"q1": [fault] * 9}
    found = ask_all(engine(server, tmp_path), questions(3), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop", "refused", "stop"]
    assert ask_all(engine(server, tmp_path), questions(3), tmp_path) == found
    assert set(server.asked.values()) == {1}


def test_an_answer_that_stays_unreadable_fails_alone(server: Server, tmp_path: Path) -> None:
    """Each attempt may be paid for, so it is entered."""
    server.faults = {"q1": [a_page] * 2}
    found = ask_all(engine(server, tmp_path, attempts=2), questions(3), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop", "failed", "stop"]
    assert "<html>" in found["id001"].note
    assert len(ledger(tmp_path)) == 4


@dataclass
class EndsAfter:
    """What an endpoint says as soon as it has answered some requests."""

    count: int
    code: int
    said: Any

    def __call__(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.count -= 1
        return (200, completion("yes")) if self.count >= 0 else (self.code, self.said)


CREDIT = {"error": {"message": "Your credit balance is too low to access the Anthropic API.", "type": "invalid_request_error"}}
BROKEN = completion("", "error")
BROKEN["choices"][0]["error"] = {"code": 502, "message": "Upstream is down"}
INSUFFICIENT = {"error": {"message": "Insufficient account balance", "type": "new_api_error"}}


@pytest.mark.parametrize(
    ("code", "said", "message", "most"),
    [
        (400, CREDIT, r"cannot answer \(HTTP 400\).*credit balance", 4),
        (200, INSUFFICIENT, "cannot answer: .*Insufficient account balance", 4),
        (400, {"error": {"message": "Not now"}}, r"HTTP 400.*Not now.*\(\d+ requests had no answer, nor had any after them", 24),
        (200, BROKEN, r"no answer in 1 attempts; .*Upstream is down \(\d+ requests had no answer", 24),
        (200, b"<html>maintenance</html>", r"no answer in 1 attempts; .*no JSON.*nor had any after them", 24),
    ],
)
def test_an_endpoint_that_ends_in_the_middle_of_a_job_stops_it_and_loses_no_request(
    server: Server, tmp_path: Path, code: int, said: Any, message: str, most: int
) -> None:
    """Money at its end, or a key: as HTTP 400, as HTTP 200, in words that nobody knows, within an answer, and as a page."""
    for first in (20, 0):  # a restart begins with it
        server.behave = EndsAfter(first, code, said)
        before = sum(server.asked.values()) + first
        with pytest.raises(EndpointError, match=message):
            ask_all(engine(server, tmp_path, attempts=1, concurrency=2), questions(100), tmp_path)
        assert sum(server.asked.values()) - before <= most
    server.behave = None
    found = ask_all(engine(server, tmp_path), questions(100), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"stop"}


def test_a_job_that_ends_in_blocked_prompts_is_finished(server: Server, tmp_path: Path) -> None:
    """More than an endpoint's end would be: each is rejected in words about what it says, and would be in every further run."""
    server.behave = EndsAfter(2, 400, {"error": {"message": "Content Exists Risk"}})
    found = ask_all(engine(server, tmp_path, concurrency=2), questions(14), tmp_path)
    assert sorted(answer.finish_reason for answer in found.values()) == ["refused"] * 12 + ["stop"] * 2


def test_an_endpoint_that_was_not_reached_is_not_paid() -> None:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    late, unreached = APITimeoutError(request), APITimeoutError(request)
    late.__cause__, unreached.__cause__ = httpx2.ReadTimeout("late"), httpx2.ConnectTimeout("away")
    assert may_be_paid(late)
    assert not may_be_paid(unreached)


def test_an_answer_that_breaks_off_is_entered_and_fails_alone(server: Server, tmp_path: Path) -> None:
    """As one that cannot be read. What breaks off before it has begun, or within an error, is not entered."""

    def within_an_error(handler: Handler) -> None:
        handler.send_response(502)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.faults = {"q0": [cut_in_the_body] * 4, "q1": [cut] * 3, "q2": [within_an_error] * 3}
    found = ask_all(engine(server, tmp_path, attempts=4), questions(4), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["failed", "stop", "stop", "stop"]
    assert "broke off" in found["id000"].note
    assert Counter(row["id"] for row in ledger(tmp_path)) == {"id000": 4, "id001": 1, "id002": 1, "id003": 1}
    assert set(server.asked.values()) == {4, 1}


def test_texts_that_count_as_failed_are_told_of_once(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """They are paid for and stored, so none is asked again."""
    server.behave = lambda body: (200, completion("fine", None))  # type: ignore[arg-type]
    found = ask_all(engine(server, tmp_path), questions(20), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"failed"}
    said = capfd.readouterr().err
    assert said.count("answers count as failed") == said.count("it is not said how the answer ended") == 1


def test_an_answer_that_was_under_way_does_not_make_losses_count(server: Server, tmp_path: Path) -> None:
    """It was asked before the endpoint's money was at its end."""
    answer_at_last = threading.Event()

    def late(handler: Handler) -> None:
        answer_at_last.wait(STANDSTILL)
        handler.reply(200, completion("late"))

    def then_answer(body: dict[str, Any]) -> tuple[int, Any]:
        if sum(server.asked.values()) >= 10:
            answer_at_last.set()
        return 400, {"error": {"message": "Not now"}}

    server.faults, server.behave = {"q0": [late]}, then_answer
    with pytest.raises(EndpointError, match=r"Not now.*nor had any after them"):
        ask_all(engine(server, tmp_path, concurrency=2, timeout=STANDSTILL), questions(100), tmp_path)
    assert [row["finish_reason"] for row in SideFile(tmp_path / "side.jsonl", "owner").read()] == ["stop"]


def test_requests_that_are_too_long_count_at_once_since_the_longest_are_asked_last(server: Server, tmp_path: Path) -> None:
    said = {"error": {"message": "This model's maximum context length is 5 tokens."}}
    server.behave = lambda body: (400, said) if len(body["messages"][-1]["content"]) > 2 else (200, completion("yes"))
    found = ask_all(engine(server, tmp_path, concurrency=2), questions(60), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop"] * 10 + ["refused"] * 50


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        (500, 500, "The model produced output that does not match the expected peg-native format"),
        (400, "json_validate_failed", "Generated JSON does not match the expected schema."),
        (400, None, "Failed to generate JSON. Please adjust your prompt."),
    ],
)
def test_what_a_server_cannot_read_of_its_model_is_asked_with_another_seed_and_fails_alone(
    server: Server, tmp_path: Path, code: int, name: int | str | None, said: str
) -> None:
    """As llama.cpp's server and Groq say it; also if no other request is answered meanwhile."""
    unread = status(code, body={"error": {"code": name, "message": said, "type": "server_error"}})
    server.faults = {"q0": [unread], "q1": [unread] * 2}
    found = ask_all(engine(server, tmp_path, attempts=2, concurrency=1), questions(2), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop", "failed"]
    assert said in found["id001"].note
    assert [body["seed"] for body in server.bodies] == [0, 1, 1, 2]


@pytest.mark.usefixtures("usual_waits")
def test_a_request_at_which_a_server_breaks_fails_alone_but_an_outage_stops(server: Server, tmp_path: Path) -> None:
    server.faults = {"q50": [status(500)] * 2}
    server.delay = 0.01
    found = ask_all(engine(server, tmp_path, attempts=2, concurrency=8), questions(120), tmp_path)
    assert {name for name, answer in found.items() if answer.finish_reason == "failed"} == {"id050"}
    server.behave = lambda body: (503, {"error": {"message": "maintenance"}})
    with pytest.raises(EndpointError, match="no answer in 2 attempts"):
        ask_all(engine(server, tmp_path, attempts=2), questions(160), tmp_path)


def test_waiting_for_the_limits_is_not_waiting_for_the_endpoint(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second request waits for longer than the endpoint's patience, and then gets its first 429."""
    monkeypatch.setattr(pace, "MINUTE", 1.5)
    server.faults = {"q1": [status(429, {"Retry-After": "0"})]}
    asking_slowly = engine(server, tmp_path, limits=Limits(requests=1), patience=0.4)
    assert [answer.finish_reason for answer in ask_all(asking_slowly, questions(2), tmp_path).values()] == ["stop", "stop"]
    assert server.asked == {"q0": 1, "q1": 2}


@pytest.mark.usefixtures("usual_waits")
@pytest.mark.parametrize(
    ("code", "after", "seconds"),
    [(429, "0", 2.0), (429, "1", 4.0), (429, None, 2.0), *((code, None, 1.0) for code in (529, 403, 400, 200))],
)
def test_too_many_requests_are_outlasted_by_time(
    server: Server, tmp_path: Path, code: int, after: str | None, seconds: float
) -> None:
    """Whatever Retry-After says, however few attempts are allowed for other errors, and whatever the status is."""
    end = time.monotonic() + seconds
    storm = status(code, {"Retry-After": after} if after else {}, {"error": {"code": 429, "message": "Too many requests"}})

    def until_then(handler: Handler) -> None:
        if time.monotonic() < end:
            server.faults[handler.asked].append(until_then)
            storm(handler)
        else:
            handler.reply(200, completion("late"))

    server.faults = {f"q{place}": [until_then] for place in range(3)}
    found = ask_all(engine(server, tmp_path, attempts=2), questions(3), tmp_path)
    assert {answer.text for answer in found.values()} == {"late"}
    assert seconds <= time.monotonic() - end + seconds
    assert sum(server.asked.values()) < 14 * seconds  # it is not asked without a pause


def test_an_endpoint_that_has_answered_and_is_away_is_outlasted_by_time(server: Server, tmp_path: Path) -> None:
    """A connection is cut, then a gateway has no server, for longer than three attempts take. A new job has no such patience."""
    away = threading.Event()

    def goes(handler: Handler) -> None:
        away.set()
        cut(handler)

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        return (503, {"error": {"message": "Loading model"}}) if away.is_set() else (200, completion("here"))

    def comes_back() -> None:
        away.wait(STANDSTILL)
        time.sleep(4)
        away.clear()

    server.faults, server.behave = {"q5": [goes]}, behave
    back = threading.Thread(target=comes_back)
    back.start()
    asking = engine(server, tmp_path, attempts=3, concurrency=2)
    found = ask_all(asking, questions(12), tmp_path)
    back.join()
    assert {answer.text for answer in found.values()} == {"here"}
    assert len(ledger(tmp_path)) == 12
    away.set()
    asking.endpoint = asking.endpoint.model_copy(update={"patience": 1})
    with pytest.raises(EndpointError, match=r"was away for 1 seconds; the last: .*Loading model"):
        ask_all(asking, questions(13), tmp_path)
    with pytest.raises(EndpointError, match="no answer in 1 attempts"):
        ask_all(engine(server, tmp_path, attempts=1), questions(13), tmp_path)


def test_answers_that_cannot_be_stored_are_not_paid_for(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(SideFile, "append", full)
    server.delay = 0.02
    with pytest.raises(OSError, match="No space left"):
        ask_all(engine(server, tmp_path, concurrency=2), questions(100), tmp_path)
    assert sum(server.asked.values()) < 20


def test_patience_ends(server: Server, tmp_path: Path) -> None:
    server.behave = lambda body: (429, {"error": {"message": "busy"}})
    with pytest.raises(EndpointError, match="got too many requests for 1 seconds"):
        ask_all(engine(server, tmp_path, patience=1), questions(1), tmp_path)


def test_a_time_out_counts_from_the_question_whatever_keeps_the_connection_alive(server: Server, tmp_path: Path) -> None:
    server.faults = {"q0": [drips]}
    start = time.monotonic()
    with pytest.raises(EndpointError, match=r"no answer after 1 seconds \(endpoint.timeout\)"):
        ask_all(engine(server, tmp_path, attempts=1), questions(1), tmp_path)
    assert time.monotonic() - start < 3


KILLED = """
import sys
from pathlib import Path
from tests.unit.engines.asking import *

class Address:
    url = sys.argv[1]

ask_all(engine(Address, Path(sys.argv[2]), concurrency=8, timeout=60), questions(64), Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_kill_loses_no_answer_that_came(server: Server, tmp_path: Path, repository: Path) -> None:
    """63 answers have come, and one is under way: it alone is asked for again."""
    answer_at_last = threading.Event()
    server.faults = {"q5": [lambda _: answer_at_last.wait(STANDSTILL)]}  # type: ignore[list-item, return-value]
    paths = os.pathsep.join([str(repository / "scripts"), str(repository)])
    job = subprocess.Popen([sys.executable, "-c", KILLED, server.url, str(tmp_path)], env=os.environ | {"PYTHONPATH": paths})
    wait_until(lambda: sum(server.asked.values()) == 64 and server.under_way == 1, tmp_path, job=job, every=0.01)
    time.sleep(0.1)
    job.kill()
    job.wait()
    answer_at_last.set()
    assert len(SideFile(tmp_path / "side.jsonl", "owner").read()) == len(ledger(tmp_path)) == 63
    ask_all(engine(server, tmp_path), questions(64), tmp_path)
    assert {asked for asked, times in server.asked.items() if times > 1} == {"q5"}
