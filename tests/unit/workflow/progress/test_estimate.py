"""The time left of a run: right at once where jobs take what is expected, and soon where they do not."""

from __future__ import annotations

import heapq
import random

import pytest

from polyglot.planning.expectation import ExpectedJob
from polyglot.workflow.progress.estimate import Estimate


def study(cells: int = 12) -> list[ExpectedJob]:
    """Four models, then three jobs for each cell, then a table."""
    models = [ExpectedJob(number, "pretrain", 100.0) for number in range(4)]
    jobs = list(models)
    for cell in range(cells):
        first = 100 + 3 * cell
        jobs.append(ExpectedJob(first, "write", 10.0, needs=frozenset({cell % 4})))
        jobs.append(ExpectedJob(first + 1, "student", 20.0, needs=frozenset({first})))
        jobs.append(ExpectedJob(first + 2, "evaluate", 15.0, needs=frozenset({first + 1})))
    last = frozenset(job.id for job in jobs if job.rule == "evaluate")
    return [*jobs, ExpectedJob(999, "table", 1.0, needs=last)]


def replay(jobs: list[ExpectedJob], slow: dict[str, float], cores: int = 2) -> list[tuple[float, float]]:
    """Time passed and what was said to be left, at each end of a job, where rules take so many times as long as expected."""
    draw = random.Random(0)
    estimate, by_id = Estimate(jobs, cores), {job.id: job for job in jobs}
    waiting, done = dict(by_id), set[int]()
    running: list[tuple[float, int]] = []
    now, said = 0.0, [(0.0, estimate.left(0.0))]
    while waiting or running:
        for job in [job for job in waiting.values() if job.needs <= done][: cores - len(running)]:
            del waiting[job.id]
            estimate.start(job.id, now)
            heapq.heappush(running, (now + job.seconds * slow.get(job.rule, 1.0) * draw.uniform(0.9, 1.1), job.id))
        now, ended = heapq.heappop(running)
        done.add(ended)
        estimate.finish(ended, now)
        said.append((now, estimate.left(now)))
    return said


def test_what_is_expected_is_said() -> None:
    said = replay(study(), {})
    whole = said[-1][0]
    assert said[0][1] == pytest.approx(whole, rel=0.1)
    assert all(left == pytest.approx(whole - passed, abs=0.1 * whole) for passed, left in said)
    assert said[-1][1] == 0.0


ALL_SLOW = dict.fromkeys(("pretrain", "write", "student", "evaluate"), 3.0)


@pytest.mark.parametrize("slow", [{}, {"pretrain": 0.4}, {"student": 2.0}, ALL_SLOW])
def test_another_machine_is_noticed(slow: dict[str, float]) -> None:
    said = replay(study(), slow)
    whole = said[-1][0]
    halfway = [(passed, left) for passed, left in said if passed > whole / 2]
    assert all(left == pytest.approx(whole - passed, abs=0.15 * whole) for passed, left in halfway)


def test_a_job_that_runs_on_and_on_is_counted_before_it_ends() -> None:
    estimate = Estimate(study(), 2)
    for model in range(2):
        estimate.start(model, 0.0)
    on_time, late = estimate.left(99.0), estimate.left(400.0)
    assert late > 1.5 * on_time


def test_an_earlier_runs_timings_count() -> None:
    slow = [ExpectedJob(number, "student", 20.0, done=True, took=80.0) for number in range(10)]
    fresh = ExpectedJob(11, "student", 20.0)
    assert Estimate([*slow, fresh], 2).left(0.0) == pytest.approx(80.0, rel=0.1)


def test_jobs_that_wait_for_each_other_are_not_shared_among_cores() -> None:
    chain = [ExpectedJob(number, "step", 10.0, needs=frozenset({number - 1}) if number else frozenset()) for number in range(5)]
    assert Estimate(chain, 64).left(0.0) == pytest.approx(50.0)
    apart = [ExpectedJob(number, "step", 10.0) for number in range(8)]
    assert Estimate(apart, 4).left(0.0) == pytest.approx(20.0)


def test_a_job_on_many_threads_takes_many_cores() -> None:
    wide = [ExpectedJob(number, "step", 10.0, threads=4) for number in range(8)]
    assert Estimate(wide, 4).left(0.0) == pytest.approx(80.0)
    assert Estimate(wide, 1).left(0.0) == pytest.approx(80.0)


def test_what_depends_on_a_failed_job_is_not_waited_for() -> None:
    estimate = Estimate(study(cells=1), 1)
    estimate.start(0, 0.0)
    estimate.fail(0)
    assert estimate.left(0.0) == pytest.approx(300.0)


def test_an_unknown_job_is_no_error() -> None:
    estimate = Estimate(study(), 2)
    estimate.start(12345, 0.0)
    estimate.finish(12345, 1.0)
    estimate.fail(12345)
