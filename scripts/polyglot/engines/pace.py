"""How fast an endpoint is asked: its limits a minute, and the pauses that it asks for."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from polyglot.registry.models import Limits

MINUTE = 60.0
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


class Pace:
    """Admits requests: within any minute no more than the limits, and none during a pause.

    Args:
        limits: those of the registry; more is learned from headers.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.paused_until = 0.0
        self.sent: deque[tuple[float, int]] = deque()
        self.tokens = 0
        self.turn = asyncio.Lock()

    async def admitted(self, tokens: int) -> None:
        """Wait until a request may be sent.

        Args:
            tokens: how many it may take, prompt and answer.
        """
        async with self.turn:  # in the order of arrival
            while (seconds := self._wait(time.monotonic(), tokens)) > 0:
                await asyncio.sleep(seconds)
            self.sent.append((time.monotonic(), tokens))
            self.tokens += tokens

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

    def _wait(self, now: float, tokens: int) -> float:
        """Seconds until something may have changed; 0 if a request may be sent."""
        if self.limits.requests is None and self.limits.tokens is None:
            self.sent.clear()
            return self.paused_until - now
        while self.sent and self.sent[0][0] <= now - MINUTE:
            self.tokens -= self.sent.popleft()[1]
        full = self.limits.requests is not None and len(self.sent) >= self.limits.requests
        # a request beyond the limit by itself waits until no other is counted
        full |= self.limits.tokens is not None and bool(self.sent) and self.tokens + tokens > self.limits.tokens
        return max(self.paused_until - now, self.sent[0][0] + MINUTE - now if full else 0.0)


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
