"""How fast an endpoint is asked: limits a minute, pauses, and what headers say of them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from polyglot.engines import pace
from polyglot.engines.pace import Pace, seconds_of
from polyglot.registry.models import Endpoint, Limits


def counted(window: pace.Window | None) -> list[float]:
    """When its requests are counted, by the clock; who waits may learn of it late, where a machine is busy."""
    times: list[float] = []
    if window is not None:
        taken = window._taken

        def noted(limits: Limits, tokens: int, now: float) -> float:
            wait = taken(limits, tokens, now)
            times.extend([] if wait else [now * pace.MINUTE / pace.SLICES])
            return wait

        window._taken = noted  # type: ignore[method-assign]
    return times


def moments(found: Pace, tokens: list[int]) -> list[float]:
    """When requests of so many tokens are admitted, in seconds."""
    known = counted(found.window)

    async def run() -> list[float]:
        start, times = time.time(), []
        for count in tokens:
            await found.admitted(count)
            times.append((known[-1] if known else time.time()) - start)
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


JOB = """
import asyncio, sys
from pathlib import Path
from polyglot.engines import pace
from polyglot.registry.models import Limits
from tests.unit.engines.test_pace import counted

pace.MINUTE = 1.0

async def ask():
    found = pace.Pace(Limits(requests=20), Path(sys.argv[1]))
    times = counted(found.window)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(25):
        await found.admitted(1)
    print(*times)

asyncio.run(ask())
"""


def test_jobs_share_the_limits_of_an_endpoint(tmp_path: Path, repository: Path) -> None:
    """Three processes that begin at once, and one that begins when they end, as a restarted job does."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(repository / "scripts"), str(repository)])}
    command = [sys.executable, "-c", JOB, str(tmp_path / "one.pace")]

    def together(count: int) -> list[float]:
        jobs = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(count)
        ]
        for job in jobs:
            assert job.stdout is not None
            assert job.stdout.readline() == "ready\n"
        told = [job.communicate("go\n")[0] for job in jobs]
        return [float(line) for said in told for line in said.split()]

    times = together(3) + together(1)
    assert len(times) == 100
    assert most_within(times, [1] * 100, 0.99) <= 20
    assert max(times) - min(times) >= 4


def test_a_clock_set_back_and_a_damaged_file_keep_nobody_waiting_for_long(minute: float, tmp_path: Path) -> None:
    path = tmp_path / "one.pace"
    ahead = int((time.time() + 3600) * pace.SLICES / minute)
    back = {"counts": {ahead: [5, 5]}, "line": {"another": [ahead, 5]}}
    for content in (json.dumps(back), '{"12', "[]", '{"counts": {"1": 3}, "line": {}}', "\0\0"):
        path.write_text(content)
        assert moments(Pace(Limits(requests=5), path), [1] * 5)[-1] < minute
    assert sum(requests for requests, _ in json.loads(path.read_text())["counts"].values()) == 5


def test_a_large_request_is_not_behind_small_ones_for_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One job asks for more than the limit at once, another for little again and again, which alone would always be let in."""
    clock = 1e9
    monkeypatch.setattr("polyglot.engines.pace.time.time", lambda: clock)
    limits, path = Limits(tokens=10_000), tmp_path / "one.pace"
    large, small = pace.Window(path), pace.Window(path)
    taken = {large: 0, small: 0}
    due = {large: clock, small: clock - 7}
    for clock in np.arange(1e9, 1e9 + 1800, 0.5):
        for window, tokens, pause in ((small, 500, 7.0), (large, 12_000, 0.0)):
            if clock >= due[window]:
                wait = window.take(limits, tokens)
                taken[window] += not wait
                due[window] = clock + (wait or pause)
    assert taken[large] >= 12, taken
    assert taken[small] >= 12, taken


def test_jobs_in_line_use_all_that_the_limits_allow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Four jobs that always have another request take 500 in each minute, and each its part. Each has up to 32 requests under
    way, which take a second."""
    clock = 1e9
    monkeypatch.setattr("polyglot.engines.pace.time.time", lambda: clock)
    jobs = [pace.Window(tmp_path / "one.pace") for _ in range(4)]
    taken, due = dict.fromkeys(jobs, 0), dict.fromkeys(jobs, clock)
    for clock in np.arange(1e9, 1e9 + 240, 0.05):
        for job in jobs:
            for _ in range(32 if clock >= due[job] else 0):
                wait = job.take(Limits(requests=500, tokens=200_000), 300)
                due[job] = clock + (wait or 1.0)
                if wait:
                    break
                taken[job] += 1
    assert 4 * 500 * 0.95 <= sum(taken.values()) <= 4 * 500
    assert min(taken.values()) > 4 * 500 / 4 / 4, list(taken.values())


def test_a_job_that_was_first_in_line_and_is_killed_keeps_nobody_waiting(minute: float, tmp_path: Path) -> None:
    path = tmp_path / "one.pace"
    gone, there = pace.Window(path), Pace(Limits(requests=2), path)
    assert [gone.take(Limits(requests=2), 1) > 0 for _ in range(3)] == [False, False, True]
    assert moments(there, [1])[0] < 2 * minute


def test_a_lock_that_another_process_holds_keeps_no_answer_waiting(tmp_path: Path) -> None:
    """As a job that is suspended while it counts: the loop goes on, and so do the answers that come."""
    path = tmp_path / "one.pace"
    found, ticks = Pace(Limits(requests=5), path), list[float]()

    async def run() -> None:
        waiting = asyncio.create_task(found.admitted(1))
        for _ in range(20):
            await asyncio.sleep(0.01)
            ticks.append(time.monotonic())
        assert not waiting.done()
        other.release()
        await waiting

    other = FileLock(path.with_suffix(".lock"))
    with other:
        asyncio.run(run())
    assert len(ticks) == 20


def test_an_account_is_an_address_a_model_and_a_key(tmp_path: Path) -> None:
    one = Endpoint(url="http://here/v1", model="m", api_key="KEY")
    others = [one.model_copy(update=change) for change in ({"model": "n"}, {"api_key": None}, {"url": "http://there/v1"})]
    assert len({pace.window_of(endpoint, tmp_path) for endpoint in (one, *others)}) == 4
    assert pace.window_of(one.model_copy(update={"concurrency": 2}), tmp_path) == pace.window_of(one, tmp_path)


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
