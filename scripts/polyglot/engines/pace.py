"""How fast an endpoint is asked: its limits a minute, and the pauses that it asks for."""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from polyglot.core.files import atomic
from polyglot.core.hashing import content_id
from polyglot.registry.models import Endpoint, Limits

MINUTE = 60.0
SLICES = 60
"""Parts of a minute that are counted apart."""
POLL = 0.001
"""Seconds between two looks at whether another job still counts."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
REMAINING = {
    "x-ratelimit-remaining-requests": "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens": "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-remaining": "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-remaining": "anthropic-ratelimit-tokens-reset",
    "x-ratelimit-remaining": "x-ratelimit-reset",
    "ratelimit-remaining": "ratelimit-reset",
}
"""Headers that say how much is left of a limit, and those that say when it is whole again."""
LONGEST_LEARNED = 120.0
"""Seconds; a limit that is whole again later is found out by its 429."""


class Window:
    """What was sent within the last minute, by all jobs that name the same file.

    Requests and tokens are counted by slices of a minute on the clock, and stay until the last moment of their slice is a minute
    ago. So no minute has more than the limits, and a request may wait for one slice more than it must.

    Args:
        path: the file; None counts for this process alone.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock: AbstractContextManager[Any] = nullcontext()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.lock = FileLock(path.with_suffix(".lock"), poll_interval=POLL)
        self.counts: dict[int, list[int]] = {}

    def take(self, limits: Limits, tokens: int) -> float:
        """Seconds until there may be room for a request; 0 where there is, and it is counted."""
        with self.lock:
            now = time.time() * SLICES / MINUTE
            current = math.floor(now)
            # a slice far ahead is from before the clock was set back
            self.counts = {at: sent for at, sent in self._read().items() if current - SLICES <= at <= current + SLICES}
            requests, taken = (sum(sent[kind] for sent in self.counts.values()) for kind in (0, 1))
            full = limits.requests is not None and requests >= limits.requests
            # a request beyond the limit by itself waits until no other is counted
            full |= limits.tokens is not None and requests > 0 and taken + tokens > limits.tokens
            if full:
                return max(min(self.counts) + SLICES + 1 - now, POLL) * MINUTE / SLICES
            before = self.counts.get(current, [0, 0])
            self.counts[current] = [before[0] + 1, before[1] + tokens]
            self._write()
            return 0.0

    def _read(self) -> dict[int, list[int]]:
        if self.path is None:
            return self.counts
        try:
            return {int(at): [int(sent[0]), int(sent[1])] for at, sent in json.loads(self.path.read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, LookupError, AttributeError):  # damaged: what this job knows
            return self.counts

    def _write(self) -> None:
        if self.path is not None:
            with atomic(self.path) as partial:
                partial.write_text(json.dumps(self.counts), encoding="utf-8")


def window_of(endpoint: Endpoint, folder: Path) -> Path:
    """The file in a folder by which jobs share an endpoint's limits: one for each address, model and key."""
    return folder / f"{content_id(endpoint.url, endpoint.model, endpoint.api_key or '')}.pace"


class Pace:
    """Admits requests: within any minute no more than the limits, and none during a pause.

    Args:
        limits: those of the registry; more is learned from headers.
        window: the file by which jobs share the limits; None counts for this process alone.
    """

    def __init__(self, limits: Limits, window: Path | None = None) -> None:
        self.limits = limits
        self.window = None if limits == Limits() else Window(window)
        self.paused_until = 0.0
        self.turn = asyncio.Lock()

    async def admitted(self, tokens: int) -> None:
        """Wait until a request may be sent.

        Args:
            tokens: how many it may take, prompt and answer.
        """
        async with self.turn:  # in the order of arrival
            while (seconds := self._wait(tokens)) > 0:
                await asyncio.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Send nothing for as long."""
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Pause if an answer's headers say that a limit is used up."""
        for left, reset in REMAINING.items():
            if headers.get(left, "").strip() in ("0", "0.0"):
                seconds = seconds_of(headers.get(reset, ""))
                if seconds is not None and seconds <= LONGEST_LEARNED:
                    self.pause(seconds)

    def _wait(self, tokens: int) -> float:
        """Seconds until something may have changed; 0 if a request may be sent, which is counted then."""
        paused = self.paused_until - time.monotonic()
        return paused if paused > 0 or self.window is None else self.window.take(self.limits, tokens)


def seconds_of(value: str) -> float | None:
    """Seconds from now, of a header with a number (of seconds, or the time since 1970), a duration (1m2.5s) or a date; None if
    it is none of them."""
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        moment = number / 1000 if number > 1e12 else number
        return max(0.0, moment - time.time() if moment > 1e9 else moment)
    if value and not DURATION.sub("", value):
        return sum(float(number) * UNITS[unit] for number, unit in DURATION.findall(value))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            then = read(value)
        except (TypeError, ValueError, OverflowError):
            continue
        return max(0.0, ((then if then.tzinfo else then.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
    return None
