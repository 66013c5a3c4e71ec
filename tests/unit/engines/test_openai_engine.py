"""The openai engine and what it spends, against a server on a real socket that misbehaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from polyglot.core import sidefile
from polyglot.core.errors import Foreseen
from polyglot.core.sidefile import SideFile
from polyglot.engines import open_engine
from polyglot.engines.base import Answer, Request, answer_all, owner_of
from polyglot.engines.bodies import Counts
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.pace import seconds_of
from polyglot.engines.spending import CeilingReached, Spending
from polyglot.registry.models import Model, Price, Sampling
from tests.endpoint import (
    KEY,
    Fault,
    Server,
    a_page,
    completion,
    cut,
    cut_in_the_body,
    garbage,
    no_choices,
    status,
    too_late,
)
from tests.patience import STANDSTILL
from tests.unit.engines.asking import ask_all, endpoint, engine, ledger, questions


def test_faults_that_pass_lose_nothing_and_double_nothing(server: Server, tmp_path: Path) -> None:
    faults = [
        status(500),
        status(503),
        status(429, {"Retry-After": "0.01"}),
        status(429, {"Retry-After": formatdate(usegmt=True)}),
    ]
    may_be_paid = [garbage, no_choices, a_page, too_late, cut_in_the_body]
    faults += [status(408), *may_be_paid, cut]
    server.faults = {f"q{place}": [fault] for place, fault in enumerate(faults)}
    server.faults["q20"] = [status(500), garbage, cut]
    side = SideFile(tmp_path / "side.jsonl", "owner")
    found = answer_all(engine(server, tmp_path), questions(30), side, batch_size=10, title="test")
    assert {request.id: f"answer to q{place}" for place, request in enumerate(questions(30))} == {
        name: answer.text for name, answer in found.items()
    }
    assert server.asked["q20"] == 4
    assert sum(server.asked.values()) == 30 + len(faults) + 3
    assert sorted(row["id"] for row in side.read()) == [request.id for request in questions(30)]
    spent = Counter(row["id"] for row in ledger(tmp_path))
    twice = [f"id{place:03d}" for place, fault in enumerate(faults) if fault in may_be_paid] + ["id020"]
    assert spent == Counter([*(request.id for request in questions(30)), *twice])
    most = 5 * (2 * 1 + 16 * 2) + (3 * 1 + 16 * 2)  # of q5 to q9 and of q20, which is longer
    assert sum(row["usd"] for row in ledger(tmp_path)) == pytest.approx((30 * (10 * 1 + 4 * 2) + most) / 1e6)


def test_retry_after_is_honoured(server: Server, tmp_path: Path) -> None:
    server.faults = {"q0": [status(429, {"Retry-After": "1.2"})]}
    start = time.monotonic()
    engine(server, tmp_path).chat(questions(1))
    assert time.monotonic() - start >= 1.2
    assert seconds_of("3") == 3
    assert seconds_of("soon") is None
    assert seconds_of("") is None
    assert 0 < (seconds_of(formatdate(time.time() + 3600, usegmt=True)) or 0) <= 3600


def test_a_batch_that_fails_keeps_what_has_come_and_a_restart_asks_for_the_rest(server: Server, tmp_path: Path) -> None:
    server.faults = {"q7": [status(402)] * 2}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError, match="HTTP 402"):
        answer_all(engine(server, tmp_path, concurrency=1), questions(12), side, batch_size=12, title="test")
    kept = {row["id"] for row in side.read()}
    assert "id000" in kept
    assert "id007" not in kept
    server.faults, server.asked = {}, Counter()
    found = answer_all(engine(server, tmp_path), questions(12), side, batch_size=12, title="test")
    assert len(found) == 12
    assert set(server.asked) == {f"q{place}" for place in range(12) if f"id{place:03d}" not in kept}


UNREAD = status(500, body={"error": {"message": "The model produced output that does not match the expected format"}})
TOO_LONG = {"error": {"message": f"maximum context length is 5 tokens; key {KEY}", "code": "context_length_exceeded"}}


def test_a_request_that_is_refused_is_an_answer_and_asked_once(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.faults = {"q3": [status(400, body=TOO_LONG)] * 9, "q5": [status(422)] * 9}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    found = answer_all(engine(server, tmp_path, 1.0), questions(8), side, batch_size=8, title="test")
    assert [(answer.text, answer.finish_reason) for answer in (found["id003"], found["id005"])] == [("", "refused")] * 2
    assert {answer.finish_reason for name, answer in found.items() if name not in ("id003", "id005")} == {"stop"}
    said = capfd.readouterr().err
    assert "request id003 was refused (HTTP 400)" in said
    assert "maximum context length" in said
    assert KEY not in said
    assert len((tmp_path / "ledger/teacher.jsonl").read_text().splitlines()) == 6
    again = answer_all(engine(server, tmp_path, 1.0), questions(8), side, batch_size=8, title="test")
    assert again == found
    assert set(server.asked.values()) == {1}


def test_an_endpoint_that_refuses_everything_stops(server: Server, tmp_path: Path) -> None:
    server.faults = {f"q{place}": [status(400, body=TOO_LONG)] * 9 for place in range(12)}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError, match=r"HTTP 400.*maximum context length"):
        answer_all(engine(server, tmp_path), questions(12), side, batch_size=12, title="test")
    assert side.read() == []
    engine(server, tmp_path).chat([Request("other", [{"role": "user", "content": "other"}], 0)])
    with pytest.raises(EndpointError, match="HTTP 400"):  # other answers may have been got with other settings
        answer_all(engine(server, tmp_path), questions(2), side, batch_size=12, title="test")
    alone = answer_all(engine(server, tmp_path), questions(1), side, batch_size=12, title="test")
    assert alone["id000"].finish_reason == "refused"


def test_a_last_batch_that_is_refused_does_not_stop(server: Server, tmp_path: Path) -> None:
    server.faults = {f"q{place}": [status(400)] for place in (10, 11)}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    asked = engine(server, tmp_path, concurrency=1)
    found = answer_all(asked, [*questions(8), *questions(12)[10:]], side, batch_size=8, title="test")
    assert [found[name].finish_reason for name in ("id007", "id010", "id011")] == ["stop", "refused", "refused"]


@pytest.mark.parametrize("header", ["86400", "a date"])
def test_a_wait_of_hours_stops(server: Server, tmp_path: Path, header: str) -> None:
    asked = header if header.isdigit() else formatdate(time.time() + 7200, usegmt=True)
    server.faults = {"q0": [status(429, {"Retry-After": asked})]}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError, match=r"asks to wait (1,440|1[12]\d) minutes: run again then"):
        answer_all(engine(server, tmp_path), questions(1), side, batch_size=1, title="test")
    assert server.asked["q0"] == 1


def test_an_interrupt_keeps_what_has_come(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    answer_at_last = threading.Event()

    def never(_: object) -> None:
        answer_at_last.wait(STANDSTILL)

    server.faults = {"q5": [never]}
    side, ledger = SideFile(tmp_path / "side.jsonl", "owner"), tmp_path / "ledger/teacher.jsonl"
    before = signal.getsignal(number)
    asked = engine(server, tmp_path, timeout=STANDSTILL)

    def interrupt() -> None:
        while not (ledger.exists() and len(ledger.read_text().splitlines()) == 7):
            time.sleep(0.02)
        time.sleep(0.2)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        answer_all(asked, questions(8), side, batch_size=8, title="test")
    assert not answer_at_last.is_set()  # it did not wait for the eighth answer
    answer_at_last.set()
    assert {row["id"] for row in side.read()} == {f"id{place:03d}" for place in range(8)} - {"id005"}
    assert signal.getsignal(number) == before


@pytest.mark.parametrize(
    ("usage", "tokens", "usd"),
    [
        ("missing", (1, 1), 2 * 1 + 16 * 2),
        (None, (1, 1), 2 * 1 + 16 * 2),
        ({"prompt_tokens": None, "completion_tokens": None, "total_tokens": 0}, (1, 1), 2 * 1 + 16 * 2),
        ({"total_tokens": 5}, (1, 1), 2 * 1 + 16 * 2),
        ({"prompt_tokens": -1, "completion_tokens": -1_000_000}, (1, 1), 2 * 1 + 16 * 2),
        ({"prompt_tokens": 7, "completion_tokens": float("nan")}, (7, 1), 7 * 1 + 16 * 2),
        ({"prompt_tokens": 1e300, "completion_tokens": 3}, (1, 3), 2 * 1 + 3 * 2),
        ({"prompt_tokens": 9_999_999, "completion_tokens": 3, "total_tokens": 10_000_002}, (1, 3), 2 * 1 + 3 * 2),
        ({"prompt_tokens": 7, "completion_tokens": 9_999_999}, (7, 1), 7 * 1 + 16 * 2),
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 9_999_999}, (7, 1), 7 * 1 + 16 * 2),
        ({"prompt_tokens": 7, "completion_tokens": 0}, (7, 1), 7 * 1 + 16 * 2),
        ({"prompt_tokens": 7, "total_tokens": 12}, (7, 5), 7 * 1 + 5 * 2),
        ({"input_tokens": 7, "output_tokens": 5}, (7, 5), 7 * 1 + 5 * 2),
        (["7", "5"], (1, 1), 2 * 1 + 16 * 2),
    ],
)
def test_tokens_that_are_not_counted_cost_what_was_set_aside(
    server: Server, tmp_path: Path, usage: Any, tokens: tuple[int, int], usd: float
) -> None:
    body = {key: value for key, value in completion("text").items() if key != "usage"}
    server.faults = {"q0": [status(200, body=body | ({} if usage == "missing" else {"usage": usage}))]}
    (answer,) = ask_all(engine(server, tmp_path), questions(1), tmp_path).values()
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("text", *tokens)
    assert answer.counted == (1 not in tokens)
    assert server.asked["q0"] == 1
    assert [row["usd"] for row in ledger(tmp_path)] == [pytest.approx(usd / 1e6)]


def test_entries_for_which_there_is_no_room_are_no_silent_loss(tmp_path: Path) -> None:
    """A limit of a file's size stands for a disk that is nearly full: both take a part of what is written."""
    spending = Spending(tmp_path, "teacher", Price(prompt=1e6, completion=0), 100)
    for number in range(10):
        spending.enter(Answer(f"id{number}", "", "stop", 1, 1), Counts(1, 1, 0), 1, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            spending.write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spending.unwritten_usd == 10
    spending.write()
    assert [row["id"] for row in map(json.loads, spending.path.read_text().splitlines())] == [f"id{n}" for n in range(10)]
    assert Spending(tmp_path, "teacher", None, None).total == 10


def test_what_other_jobs_have_spent_is_seen_before_a_request(tmp_path: Path) -> None:
    price = Price(prompt=1, completion=2)
    one, other = (Spending(tmp_path, name, price, 100e-6) for name in ("one", "other"))
    with other.reserved(10, 20) as enter:
        enter(Answer("a", "", "stop", 10, 20), Counts(10, 20))
        other.write()
    with pytest.raises(CeilingReached, match=r"0\.00 USD are spent"), one.reserved(11, 20):
        pass
    with one.reserved(10, 20):
        pass


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (status(401), "refuses the key in the environment variable TEST_KEY"),
        (status(403), "does not allow the model 'm'"),
        (status(404), "has no model 'm'"),
        (status(429, body={"error": {"message": "pay", "code": "insufficient_quota"}}), "HTTP 429"),
        (status(422), "HTTP 422"),
    ],
)
def test_what_cannot_pass_is_said_once(server: Server, tmp_path: Path, fault: Fault, message: str) -> None:
    server.faults = {"q0": [fault] * 5}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError, match=message):
        answer_all(engine(server, tmp_path), questions(1), side, batch_size=1, title="test")
    assert server.asked["q0"] == 1


def test_an_endpoint_that_stays_down_ends_with_one_message(server: Server, tmp_path: Path) -> None:
    server.faults = {"q0": [status(503, {"Retry-After": "0"})] * 9}
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError, match=r"no answer in 4 attempts; the last: .*503"):
        answer_all(engine(server, tmp_path), questions(1), side, batch_size=1, title="test")
    assert server.asked["q0"] == 4


def test_the_key_is_in_no_message_and_no_file(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-another-key-42")
    side = SideFile(tmp_path / "side.jsonl", "owner")
    with pytest.raises(EndpointError) as caught:
        answer_all(engine(server, tmp_path), questions(1), side, batch_size=1, title="test")
    assert "[key]" in str(caught.value)
    shown = "".join([str(caught.value), *capfd.readouterr()])
    assert "sk-another-key-42" not in shown
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"sk-another" not in path.read_bytes()
    monkeypatch.delenv("TEST_KEY")
    with pytest.raises(EndpointError, match="set the environment variable TEST_KEY"):
        engine(server, tmp_path)


def test_the_key_is_in_no_note_of_an_answer(server: Server, tmp_path: Path) -> None:
    """A note is cut off after 300 characters."""
    whole, cut_off = completion("half", "error"), completion("half", "error")
    whole["choices"][0]["error"] = {"message": f"upstream said: bad token Bearer {KEY}"}
    cut_off["choices"][0]["error"] = {"message": "x" * 290 + KEY}
    server.faults = {"q0": [status(200, body=whole)], "q1": [status(200, body=cut_off)]}
    notes = [answer.note for answer in engine(server, tmp_path).chat(questions(3))[:2]]
    assert notes == ["upstream said: bad token Bearer [key]", "x" * 290 + "[key]..."]


def test_requests_are_sent_side_by_side_but_no_more_than_allowed(server: Server, tmp_path: Path) -> None:
    server.delay = 0.05
    engine(server, tmp_path, concurrency=8).chat(questions(40))
    assert 2 <= server.most <= 8


def test_sampling_seed_and_schema_are_sent(server: Server, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"prompt": {"type": "string"}}}
    spending = Spending(tmp_path, "teacher", None, None)
    sampling = Sampling(temperature=0.3, top_p=0.8, top_k=5, max_new_tokens=9)
    asked = OpenAIEngine(endpoint(server, options={"min_p": 0.1}), sampling, spending)
    asked.chat([Request("a", [{"role": "user", "content": "q"}], seed=2**40 + 7, schema=schema)])
    body = server.bodies[0]
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.3, 0.8, 9, (2**40 + 7) % 2**31)
    assert (body["top_k"], body["min_p"]) == (5, 0.1)
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def test_an_answer_cut_off_or_filtered_is_kept_as_such(server: Server, tmp_path: Path) -> None:
    filtered = completion("", "content_filter")
    filtered["choices"][0]["message"]["content"] = None
    server.faults = {"q0": [status(200, body=completion("half", "length"))], "q1": [status(200, body=filtered)]}
    cut_off, empty = engine(server, tmp_path).chat(questions(2))
    assert (cut_off.text, cut_off.finish_reason) == ("half", "length")
    assert (empty.text, empty.finish_reason, empty.note) == ("", "filtered", "content_filter")


def test_the_ceiling_holds_over_jobs_and_keeps_answers(server: Server, tmp_path: Path) -> None:
    one = (10 * 1 + 4 * 2) / 1e6
    most = (3 * 1 + 16 * 2) / 1e6  # a character is a token
    side = SideFile(tmp_path / "side.jsonl", "owner")
    ceiling = 10.5 * one + most
    with pytest.raises(CeilingReached, match=r"synthesis\.budget"):
        answer_all(engine(server, tmp_path, ceiling, concurrency=1), questions(30), side, batch_size=30, title="test")
    spent = len((tmp_path / "ledger/teacher.jsonl").read_text().splitlines())
    assert spent == sum(server.asked.values()) == len(side.read()) == 11
    with pytest.raises(CeilingReached):  # another job of the study, another model
        Spending(tmp_path / "ledger", "other", Price(prompt=1, completion=2), ceiling).reserved(1, 16).__enter__()
    found = answer_all(engine(server, tmp_path, 1.0), questions(30), side, batch_size=30, title="test")
    assert len(found) == 30
    assert sum(server.asked.values()) == 30


@pytest.mark.parametrize("fault", [no_choices, too_late, UNREAD])
def test_the_ceiling_counts_every_attempt_that_may_be_paid_for(server: Server, tmp_path: Path, fault: Fault) -> None:
    """Also if a later one is answered."""
    server.faults = {"q0": [fault] * 3}
    most = (2 * 1 + 16 * 2) / 1e6
    with pytest.raises(CeilingReached):
        ask_all(engine(server, tmp_path, ceiling=2.5 * most, timeout=0.2), questions(1), tmp_path)
    assert server.asked["q0"] == 2
    assert [row["usd"] for row in ledger(tmp_path)] == [pytest.approx(most)] * 2


def test_an_attempt_that_was_too_many_costs_nothing(server: Server, tmp_path: Path) -> None:
    server.faults = {"q0": [status(200, body={"error": {"code": 429, "message": "Too many requests"}})]}
    ask_all(engine(server, tmp_path), questions(1), tmp_path)
    assert (server.asked["q0"], len(ledger(tmp_path))) == (2, 1)


def test_a_job_that_another_process_does_asks_for_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one whose Snakemake was killed; a kill of the job itself ends its lock, and its successor goes on."""
    here, there = os.pipe()
    child = os.fork()
    if not child:
        with SideFile(tmp_path / "side.jsonl", "owner").held():
            os.write(there, b".")
            time.sleep(10 * STANDSTILL)
            os._exit(1)
    try:
        assert os.read(here, 1) == b"."
        with monkeypatch.context() as changed:
            changed.setattr(sidefile, "ENDING", 0)
            with pytest.raises(Foreseen, match=r"another process does this job \(.*side\.lock is locked\)"):
                ask_all(engine(server, tmp_path), questions(3), tmp_path)
        assert not server.asked
        threading.Timer(0.5, os.kill, (child, signal.SIGKILL)).start()
        assert len(ask_all(engine(server, tmp_path), questions(2), tmp_path)) == 2
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert len(ask_all(engine(server, tmp_path), questions(3), tmp_path)) == 3
    SideFile(tmp_path / "side.jsonl", "owner").finish()
    assert not (tmp_path / "side.lock").exists()


def test_operation_changes_no_owner_and_no_job(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = Model(engine="openai", endpoint=endpoint(server), price=Price(prompt=1, completion=1))
    slow = model.operated({"endpoint": {"concurrency": 1, "timeout": 9, "attempts": 2}, "price": None, "gpus": 0})
    assert slow.endpoint is not None
    assert (slow.endpoint.concurrency, slow.price) == (1, None)
    assert owner_of(slow, None) == owner_of(model, None)
    moved = model.model_copy(update={"endpoint": endpoint(server, model="other")})
    assert owner_of(moved, None) != owner_of(model, None)
    opened = open_engine("teacher", model, None, {"study": "demo", "synthesis": {"budget": None}})
    assert opened.chat(questions(1))[0].text == "answer to q0"
    assert (tmp_path / "results/demo/ledger/teacher.jsonl").exists()
