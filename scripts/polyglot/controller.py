"""Slurm's controller: asked neither too often nor too late, and waited for when it is away, as when it is restarted."""

from __future__ import annotations

import subprocess
import time
from collections.abc import AsyncIterator
from typing import Any

PATIENCE = 900.0
"""Seconds that a submission waits for the controller."""
PAUSE = 5.0
GROWTH = 1.25
"""Of the time between two status checks, from one to the next in which no job has ended."""


def outlast_the_controller(executor: Any) -> None:
    """Make an executor of snakemake-executor-plugin-slurm wait for the controller.

    Version 2.8.0 forgets every job under way when no status query is answered, so that Snakemake waits for ever; and a submission
    that finds no controller counts as a failure of the job, whose retries are then used up within seconds.
    """
    check, submit = executor.check_active_jobs, executor.run_job
    reports = {"report_job_success": executor.report_job_success, "report_job_error": executor.report_job_error}
    said: set[int] = set()

    def noting(report: Any) -> Any:
        def reported(job: Any, *arguments: Any, **options: Any) -> Any:
            said.add(id(job))
            return report(job, *arguments, **options)

        return reported

    async def check_active_jobs(active_jobs: list[Any]) -> AsyncIterator[Any]:
        said.clear()
        async for job in check(active_jobs):
            said.add(id(job))
            yield job
        for job in active_jobs:
            if id(job) not in said:
                yield job

    def run_job(job: Any) -> None:
        wait_for_controller()
        submit(job)

    for name, report in reports.items():
        setattr(executor, name, noting(report))
    executor.check_active_jobs = check_active_jobs
    executor.run_job = run_job


def ask_in_step_with_the_jobs(executor: Any) -> None:
    """Make an executor of snakemake-executor-plugin-slurm see the end of a job after at most a quarter more of the time since the
    last one ended.

    Version 2.8.0 waits ten seconds longer after each check in which no job has succeeded: of a job of a minute it sees the end a
    minute later. From a quarter of an hour on both check every three minutes.
    """
    check = executor.check_active_jobs
    shortest = executor.workflow.executor_settings.init_seconds_before_status_checks

    async def check_active_jobs(active_jobs: list[Any]) -> AsyncIterator[Any]:
        waited, alive = executor.next_seconds_between_status_checks, 0
        async for job in check(active_jobs):
            alive += 1
            yield job
        wanted = executor.next_seconds_between_status_checks
        longer = min(wanted, waited * GROWTH)
        executor.next_seconds_between_status_checks = longer if alive == len(active_jobs) else shortest

    executor.check_active_jobs = check_active_jobs


def wait_for_controller(patience: float = PATIENCE, pause: float = PAUSE) -> None:
    """Return as soon as the controller answers, or when patience is at its end."""
    end = time.monotonic() + patience
    while subprocess.run(["scontrol", "ping"], capture_output=True, check=False).returncode and time.monotonic() < end:
        time.sleep(pause)
