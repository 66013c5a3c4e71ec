"""How long a run will still take: expected seconds of its jobs, corrected by what jobs have taken so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from polyglot.planning.expectation import ExpectedJob

TRUST = 60.0
"""Seconds of expectation that weigh as much as the same time observed: the first small jobs do not move the estimate far."""
STILL = 0.05
"""Share of its expected time that a running job still takes where it should have ended."""


@dataclass
class Tally:
    """Seconds that jobs were expected to take, and took."""

    expected: float = 0.0
    took: float = 0.0

    def add(self, expected: float, took: float) -> None:
        self.expected += expected
        self.took += took

    def factor(self, before: float, trust: float) -> float:
        """How many times as long as expected jobs take, where `before` is believed as much as `trust` expected seconds."""
        return (before * trust + self.took) / (trust + self.expected)


class Estimate:
    """The time left of a run.

    This machine's speed is the ratio of seconds taken and expected over the jobs that are done, in an earlier run too; each rule
    has its own ratio as soon as jobs of it are done. A job that runs for longer than expected counts for what it has taken.

    Args:
        jobs: each after those that it needs.
        cores: of this machine that jobs may take.
    """

    def __init__(self, jobs: Iterable[ExpectedJob], cores: int) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._cores = max(cores, 1)
        self._open = {job.id for job in self._jobs.values() if not job.done}
        self._running: dict[int, float] = {}
        self._by_rule: defaultdict[str, Tally] = defaultdict(Tally)
        for job in self._jobs.values():
            if job.done and job.took is not None:
                self._by_rule[job.rule].add(job.seconds, job.took)

    def start(self, job: int, now: float) -> None:
        """A job starts, perhaps once more."""
        if job in self._open:
            self._running[job] = now

    def finish(self, job: int, now: float) -> None:
        """A job is done."""
        self._open.discard(job)
        started = self._running.pop(job, None)
        if started is not None and job in self._jobs:
            self._by_rule[self._jobs[job].rule].add(self._jobs[job].seconds, now - started)

    def fail(self, job: int) -> None:
        """A job has failed; what depends on it will not run."""
        self._running.pop(job, None)
        lost = {job}
        lost.update(other.id for other in self._jobs.values() if other.id in self._open and not other.needs.isdisjoint({job}))
        for other in self._jobs.values():  # each comes after those that it needs
            if not other.needs.isdisjoint(lost):
                lost.add(other.id)
        self._open -= lost

    def left(self, now: float) -> float:
        """Seconds until the last job ends: all work on all cores, or the longest chain of jobs that wait for each other."""
        factors = self._factors(now)
        work = longest = 0.0
        ends: dict[int, float] = {}
        for job in self._jobs.values():
            if job.id not in self._open:
                continue
            seconds = job.seconds * factors[job.rule]
            if job.id in self._running:
                seconds = max(seconds - (now - self._running[job.id]), STILL * seconds)
            work += seconds * min(job.threads, self._cores)
            ends[job.id] = seconds + max((ends.get(needed, 0.0) for needed in job.needs), default=0.0)
            longest = max(longest, ends[job.id])
        return max(work / self._cores, longest)

    def _factors(self, now: float) -> dict[str, float]:
        """By rule, how many times as long as expected its jobs take."""
        seen: defaultdict[str, Tally] = defaultdict(Tally)
        for rule, tally in self._by_rule.items():
            seen[rule].add(tally.expected, tally.took)
        whole = self._factor_of_all(seen)
        for job, started in self._running.items():
            expected = self._jobs[job].seconds
            if now - started > expected * whole:
                seen[self._jobs[job].rule].add(expected, now - started)
        whole = self._factor_of_all(seen)
        means: defaultdict[str, list[float]] = defaultdict(list)
        for known in self._jobs.values():
            means[known.rule].append(known.seconds)
        return {
            rule: seen[rule].factor(whole, sum(seconds) / len(seconds)) if sum(seconds) else 1.0
            for rule, seconds in means.items()
        }

    @staticmethod
    def _factor_of_all(seen: dict[str, Tally]) -> float:
        whole = Tally()
        for tally in seen.values():
            whole.add(tally.expected, tally.took)
        return whole.factor(1.0, TRUST)
