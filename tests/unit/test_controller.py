"""Jobs on a cluster: their ends are seen soon, and every job is watched on while the cluster says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyglot.controller import ask_in_step_with_the_jobs, outlast_the_controller, wait_for_controller


@dataclass(eq=True)
class Job:
    name: str


class Executor:
    """As the plugin does: a job is yielded while it runs, reported when it has ended, and neither if no query is answered."""

    def __init__(self) -> None:
        self.answers: dict[str, str] | None = {}
        self.reported: list[str] = []
        self.next_seconds_between_status_checks: float = 2
        self.workflow = SimpleNamespace(executor_settings=SimpleNamespace(init_seconds_before_status_checks=2))

    def report_job_success(self, job: Job) -> None:
        self.reported.append(job.name)

    def report_job_error(self, job: Job, msg: str) -> None:
        self.reported.append(f"{job.name}: {msg}")

    def run_job(self, job: Job) -> None:
        self.reported.append(f"{job.name} submitted")

    async def check_active_jobs(self, active_jobs: list[Job]) -> AsyncIterator[Job]:
        for job in active_jobs if self.answers is not None else []:
            state = self.answers[job.name]  # type: ignore[index]
            if state == "running":
                yield job
            elif state == "done":
                self.report_job_success(job)
            else:
                self.report_job_error(job, msg=state)
        succeeded = any(": " not in name for name in self.reported)
        self.next_seconds_between_status_checks = 2 if succeeded else min(self.next_seconds_between_status_checks + 10, 180)


def watched(executor: Executor, jobs: list[Job]) -> list[Job]:
    async def collect() -> list[Job]:
        return [job async for job in executor.check_active_jobs(jobs)]

    return asyncio.run(collect())


@pytest.fixture
def scontrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that answers once a file is there."""
    (tmp_path / "scontrol").write_text(f"#!/bin/sh\ntest -e {tmp_path}/up || {{ touch {tmp_path}/up; exit 1; }}\n")
    (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_jobs_are_watched_on_when_no_query_is_answered() -> None:
    executor, jobs = Executor(), [Job("a"), Job("b"), Job("b")]
    outlast_the_controller(executor)
    executor.answers = None
    assert watched(executor, jobs) == jobs
    assert executor.reported == []


def test_jobs_that_have_ended_are_not_watched_on() -> None:
    executor = Executor()
    outlast_the_controller(executor)
    executor.answers = {"a": "running", "b": "done", "c": "TIMEOUT"}
    assert watched(executor, [Job("a"), Job("b"), Job("c")]) == [Job("a")]
    assert executor.reported == ["b", "c: TIMEOUT"]


@pytest.mark.parametrize("end", ["done", "TIMEOUT"])
def test_the_end_of_a_job_is_seen_within_a_quarter_of_its_time(end: str) -> None:
    executor = Executor()
    ask_in_step_with_the_jobs(executor)
    executor.answers = {"a": "running"}
    checks = [0.0]
    while checks[-1] < 10_000:
        checks.append(checks[-1] + executor.next_seconds_between_status_checks)
        watched(executor, [Job("a")])
    assert all(later - earlier <= max(2, 0.25 * earlier + 2) for earlier, later in pairwise(checks))
    assert checks[-1] - checks[-2] == 180
    assert len(checks) < 80
    executor.answers = {"a": end}
    watched(executor, [Job("a")])
    assert executor.next_seconds_between_status_checks == 2


def test_a_submission_waits_until_the_controller_answers(scontrol: Path) -> None:
    executor = Executor()
    outlast_the_controller(executor)
    wait_for_controller(pause=0.01)
    assert (scontrol / "up").exists()
    executor.run_job(Job("a"))
    assert executor.reported == ["a submitted"]
