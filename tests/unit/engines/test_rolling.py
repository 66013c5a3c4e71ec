"""The order in which requests start and answers are looked at."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from polyglot.engines.base import Answer, Keep, Request
from polyglot.engines.bodies import Counts, answer_of
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.rolling import Rolled, Waits
from polyglot.engines.spending import Spending, Unpaid
from polyglot.registry.models import Endpoint, Sampling
from tests.unit.engines.asking import questions


class OverAPipe:
    """An engine whose endpoint answers at once: each answer waits in a pipe until the event loop looks at what has come."""

    def __init__(self, concurrency: int) -> None:
        self.endpoint = Endpoint(url="http://localhost", model="m", concurrency=concurrency)
        self.spending: Spending = Unpaid()
        self.keep: Keep = lambda answers: None
        self.answered: set[str] = set()
        self.waits = Waits()
        self.unread, self.most_unread = 0, 0

    async def answer(self, request: Request) -> Answer:
        here, there = os.pipe()
        come = asyncio.Event()
        asyncio.get_running_loop().add_reader(here, come.set)
        os.write(there, b".")
        self.unread += 1
        self.most_unread = max(self.most_unread, self.unread)
        await come.wait()
        self.unread -= 1
        asyncio.get_running_loop().remove_reader(here)
        os.close(here)
        os.close(there)
        return answer_of(request, "yes", "stop", Counts(1, 1, 0))

    def without_keys(self, error: BaseException) -> str:
        return str(error)


def test_answers_do_not_wait_behind_the_starts_of_other_requests(tmp_path: Path) -> None:
    """At concurrency 256 the first requests start together; a kill would lose each answer that nobody has looked at."""
    engine = OverAPipe(concurrency=256)
    batch = Rolled(engine, questions(600))
    asyncio.run(batch.run())
    assert len(batch.answers) == 600
    assert engine.most_unread <= 4


@pytest.mark.usefixtures("usual_waits")
def test_the_wait_before_an_attempt_has_a_bound_after_a_day_too(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    async def slept(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("polyglot.engines.openai_engine.asyncio.sleep", slept)
    asked = OpenAIEngine(Endpoint(url="http://127.0.0.1:1", model="m", patience=86400), Sampling(), Unpaid())
    for attempt in (1, 7, 1025, 10_000):
        asyncio.run(asked._wait(TimeoutError(), attempt, longest=60.0))
    assert 0.5 <= waits[0] <= 1
    assert all(30 <= seconds <= 60 for seconds in waits[1:])
