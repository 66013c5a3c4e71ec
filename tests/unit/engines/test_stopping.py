"""After Ctrl-C or SIGTERM, and after an error that ends the job, nothing is sent any more."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from polyglot.core.sidefile import SideFile
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.registry.models import Limits
from tests.endpoint import Handler, Server, completion, status
from tests.patience import STANDSTILL, wait_until
from tests.unit.engines.asking import ask_all, engine, questions


class Stop(threading.Thread):
    """Sends a signal some seconds after so many requests have been asked; knows when that was."""

    def __init__(self, server: Server, folder: Path, number: signal.Signals, asked: int, seconds: float = 0.5) -> None:
        super().__init__(daemon=True)
        self.server, self.folder, self.number, self.after, self.seconds = server, folder, number, asked, seconds
        self.moment = 0.0

    def run(self) -> None:
        wait_until(lambda: sum(self.server.asked.values()) >= self.after, self.folder, every=0.01)
        time.sleep(self.seconds)
        self.moment = time.monotonic()
        os.kill(os.getpid(), self.number)


@pytest.mark.usefixtures("usual_waits")
def test_requests_that_wait_for_their_next_attempt_are_not_sent(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    server.behave = lambda body: (500, {"error": {"message": "boom"}})
    stop = Stop(server, tmp_path, number, asked=6, seconds=0.1)
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        ask_all(engine(server, tmp_path, attempts=8), questions(6), tmp_path)
    assert time.monotonic() - stop.moment < 2
    time.sleep(1)
    assert sum(server.asked.values()) == 6


def test_requests_that_wait_for_the_limits_are_not_sent(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    stop = Stop(server, tmp_path, number, asked=2)
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        ask_all(engine(server, tmp_path, limits=Limits(requests=2)), questions(6), tmp_path)
    assert time.monotonic() - stop.moment < 2
    assert sum(server.asked.values()) == 2
    assert len(SideFile(tmp_path / "side.jsonl", "owner").read()) == 2


def test_one_that_is_under_way_ends_and_is_kept(
    server: Server, tmp_path: Path, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is answered, or fails and is not sent again; the third one waits."""

    def answer(handler: Handler) -> None:
        time.sleep(2)
        handler.reply(200, completion("late"))

    def fail(handler: Handler) -> None:
        time.sleep(2)
        status(500)(handler)

    server.faults = {"q0": [answer], "q1": [fail], "q2": [status(429, {"Retry-After": "9"})]}
    stop = Stop(server, tmp_path, number, asked=3)
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        ask_all(engine(server, tmp_path, timeout=STANDSTILL), questions(3), tmp_path)
    assert [row["text"] for row in SideFile(tmp_path / "side.jsonl", "owner").read()] == ["late"]
    assert sum(server.asked.values()) == 3
    assert "for 2 requests that are under way" in capfd.readouterr().err


def test_an_error_that_ends_the_job_ends_what_waits(server: Server, tmp_path: Path) -> None:
    server.faults = {"q0": [status(500)] * 9, "q1": [status(402)]}
    start = time.monotonic()
    with pytest.raises(EndpointError, match="HTTP 402"):
        ask_all(engine(server, tmp_path, concurrency=2), questions(2), tmp_path)
    assert time.monotonic() - start < 2
    assert server.asked["q0"] == 1
