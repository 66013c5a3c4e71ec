"""A server for the tests of the openai engine."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.endpoint import KEY, Server, serving


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow one another soon, where a test does not say otherwise."""
    monkeypatch.setattr("polyglot.engines.openai_engine.FIRST_WAIT", 0.05)


@pytest.fixture
def usual_waits(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between attempts are the waits of a real run, about which a test is."""
    monkeypatch.setattr("polyglot.engines.openai_engine.FIRST_WAIT", 1.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, whose key is in the environment variable TEST_KEY."""
    monkeypatch.setenv("TEST_KEY", KEY)
    with serving() as server:
        yield server


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that is handled as in the foreground: tests that run in the background have SIGINT ignored."""
    usual: dict[int, Any] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = signal.signal(request.param, usual[request.param])
    yield request.param
    signal.signal(request.param, before)
