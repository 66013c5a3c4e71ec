"""How fast an endpoint is asked: its limits a minute, and the pauses that it asks for."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from polyglot.core.files import atomic
from polyglot.core.hashing import content_id
from polyglot.registry.models import Endpoint, Limits

MINUTE = 60.0
SLICES = 60
"""Parts of a minute that are counted apart."""
LEAST = 0.001
"""Slices that are waited for at least."""
PATIENCE = 3.0
"""Slices after its time in which a job may still come back to its place in line."""
BESIDE = (0.001, 0.005)
"""Seconds until the next look, while another job counts."""
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
    ago. So no minute has more than the limits, and a request may wait for one slice more than it must. A job that finds no room
    stands in line, and later ones leave room for it: large requests would wait for ever behind small ones.

    Args:
        path: the file; None counts for this process alone.
    """

    def __init__(self, path: Path | None) -> None:
        self.path, self.name = path, uuid4().hex
        self.lock = None if path is None else FileLock(path.with_suffix(".lock"))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self.counts: dict[int, list[int]] = {}
        self.line: dict[str, tuple[float, int]] = {}

    def take(self, limits: Limits, tokens: int) -> float:
        """Seconds until there may be room for a request; 0 where there is, and it is counted. Nobody is waited for here, since
        answers come meanwhile."""
        try:
            with nullcontext() if self.lock is None else self.lock.acquire(blocking=False):
                return self._taken(limits, tokens, time.time() * SLICES / MINUTE) * MINUTE / SLICES
        except Timeout:
            return random.uniform(*BESIDE)

    def _taken(self, limits: Limits, tokens: int, now: float) -> float:
        """The same in slices."""
        self._read(now)
        before_it = list(takewhile(lambda name: name != self.name, self.line))
        requests = len(before_it) + sum(sent[0] for sent in self.counts.values())
        taken = sum(self.line[name][1] for name in before_it) + sum(sent[1] for sent in self.counts.values())
        full = limits.requests is not None and requests >= limits.requests
        # a request beyond the limit by itself waits until no other is counted
        full |= limits.tokens is not None and requests > 0 and taken + tokens > limits.tokens
        if full:
            gone = max(min(self.counts) + SLICES + 1 - now, LEAST) if self.counts else 1.0
            wait = min(gone, 1.0) if before_it else gone
            wait += random.random() * bool(self.line.keys() - {self.name})  # who comes first takes most: no job always does
            self.line[self.name] = now + wait + PATIENCE, tokens
        else:
            wait = 0.0
            self.line.pop(self.name, None)
            before = self.counts.get(math.floor(now), [0, 0])
            self.counts[math.floor(now)] = [before[0] + 1, before[1] + tokens]
        self._write()
        return wait

    def _read(self, now: float) -> None:
        """What counts now. A slice or a place in line far ahead is from before the clock was set back."""
        if self.path is not None:
            try:
                found = json.loads(self.path.read_bytes())
                self.counts = {int(at): [int(sent[0]), int(sent[1])] for at, sent in found["counts"].items()}
                self.line = {str(name): (float(place[0]), int(place[1])) for name, place in found["line"].items()}
            except FileNotFoundError:
                self.counts, self.line = {}, {}
            except (ValueError, TypeError, LookupError, AttributeError):
                pass  # damaged: what this job knows counts
        current = math.floor(now)
        self.counts = {at: sent for at, sent in self.counts.items() if current - SLICES <= at <= current + SLICES}
        self.line = {name: place for name, place in self.line.items() if now < place[0] <= now + SLICES + 2 + PATIENCE}

    def _write(self) -> None:
        if self.path is not None:
            with atomic(self.path) as partial:
                partial.write_text(json.dumps({"counts": self.counts, "line": self.line}), encoding="utf-8")


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
