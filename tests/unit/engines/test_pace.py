"""How fast an endpoint is asked: limits a minute, pauses, and what headers say of them."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from polyglot.engines import pace
from polyglot.engines.pace import Pace, seconds_of
from polyglot.registry.models import Limits


def moments(found: Pace, tokens: list[int]) -> list[float]:
    """When requests of so many tokens are admitted, in seconds."""

    async def run() -> list[float]:
        start, times = time.monotonic(), []
        for count in tokens:
            await found.admitted(count)
            times.append(time.monotonic() - start)
        return times

    return asyncio.run(run())


def most_within(times: list[float], tokens: list[int], minute: float) -> int:
    return max(sum(count for at, count in zip(times, tokens, strict=True) if start <= at < start + minute) for start in times)


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(pace, "MINUTE", 0.2)
    return 0.2


def test_no_minute_has_more_requests_or_tokens_than_allowed(minute: float) -> None:
    """Not even the first one, nor one that begins between two of the clock's."""
    many = moments(Pace(Limits(requests=5)), [1] * 17)
    assert most_within(many, [1] * 17, minute * 0.99) == 5
    assert many[4] < minute / 2
    assert many[-1] >= 3 * minute
    tokens = [30, 50, 20, 100, 10, 250, 10]
    large = moments(Pace(Limits(tokens=100)), tokens)
    assert most_within(large, [min(count, 100) for count in tokens], minute * 0.99) <= 100
    assert moments(Pace(Limits()), [1] * 100)[-1] < minute / 2


def test_a_limit_that_is_used_up_is_waited_for() -> None:
    for headers in (
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"},
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "0.3"},
    ):
        found = Pace(Limits())
        found.learn(headers)
        assert 0.2 <= moments(found, [1])[0] < 2
    for headers in (
        {"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1h"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6h0m"},  # of a day: its 429 will say so
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"},
    ):
        found = Pace(Limits())
        found.learn(headers)
        assert moments(found, [1])[0] < 0.3


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(
            ("3", 3.0),
            ("0.5", 0.5),
            ("-1", 0.0),
            ("20ms", 0.02),
            ("1s", 1.0),
            ("6m0s", 360.0),
            ("2m59.56s", 179.56),
            ("1h", 3600.0),
        ),
        *(("", None), ("soon", None), ("nan", None), ("inf", None), ("5 apples", None)),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999999", None),
    ],
)
def test_headers_that_name_a_time(value: str, seconds: float | None) -> None:
    assert seconds_of(value) == (None if seconds is None else pytest.approx(seconds))


def test_headers_that_name_a_moment() -> None:
    now = time.time()
    for value in (formatdate(now + 60, usegmt=True), f"{now + 60:.0f}", f"{1000 * (now + 60):.0f}"):
        assert 55 < (seconds_of(value) or 0) <= 61
    assert 55 < (seconds_of(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 60))) or 0) <= 61
