"""A server for the tests of the openai engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.endpoint import KEY, Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, whose key is in the environment variable TEST_KEY."""
    monkeypatch.setenv("TEST_KEY", KEY)
    with serving() as server:
        yield server
