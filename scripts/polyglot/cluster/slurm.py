"""Slurm and the inner parts of its executor plugin: the controller is asked neither too often nor too late, and waited for.

What is touched of snakemake-executor-plugin-slurm beyond its documented interface stands here; where an attribute is not there, a
warning says what no longer works.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.upstream import Upstream

PLUGIN = Upstream("snakemake-executor-plugin-slurm", first="2.8", before="2.9")
RUN = re.compile(r"SLURM run ID: (\S+)")
"""How the plugin names a run in Snakemake's log; Slurm's jobs of the run have that name."""
REFUSAL = re.compile(r"SLURM sbatch failed\. The error message was '(.*?)'\.$", re.DOTALL | re.MULTILINE)
"""sbatch's own words in the plugin's message, which goes on with the whole command."""

PATIENCE = 900.0
"""Seconds that a submission waits for the controller."""
PAUSE = 5.0
"""Seconds between two questions whether it is back."""
ANSWER = 60.0
"""Seconds that squeue may take."""

GROWTH = 1.25
"""Of the time between two status checks, from one to the next in which no job has ended."""
LOST = ("PREEMPTED", "NODE_FAIL")
"""States of a job that Slurm has taken from its node; if it runs again, it is soon in another one."""


class Queue:
    """A run's jobs as the controller lists them: it forgets those that have ended (MinJobAge)."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._seen: dict[str, str] = {}
        self._absent: set[str] = set()

    def gone(self, jobs: Sequence[str]) -> dict[str, str | None]:
        """Jobs that were not alive in the last two queries that were answered, with the state they were last seen in, if any.

        One query is not enough: a job that is put back into the queue is lost for a moment.
        """
        states = self._states()
        if states is None:
            return {}
        self._seen |= states
        absent = {job for job in jobs if states.get(job) in (None, *LOST)}
        gone, self._absent = absent & self._absent, absent - self._absent
        return {job: self._seen.get(job) for job in jobs if job in gone}

    def _states(self) -> dict[str, str] | None:
        """Job to state; None if Slurm does not answer."""
        command = ["squeue", "--array", "--noheader", "--states=all", "--format=%i %T", f"--name={self._run}"]
        try:
            listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ANSWER)
        except (OSError, subprocess.SubprocessError):
            return None
        return dict(line.split(maxsplit=1) for line in listed.stdout.splitlines())


def outlast_the_controller(executor: Any) -> None:
    """Make an executor of snakemake-executor-plugin-slurm wait for the controller, and not for jobs that have ended.

    Version 2.8.0 forgets every job under way when no status query is answered, so that Snakemake waits for ever; a submission
    that finds no controller counts as a failure of the job, whose retries are then used up within seconds; and a job that is no
    longer listed, or was preempted for good, is watched for ever. How a job ended that left no status shows in its outputs:
    Snakemake looks for them after a success.
    """
    touched = ("check_active_jobs", "run_job", "run_uuid", "report_job_success", "report_job_error")
    if not PLUGIN.has(executor, *touched, lost="a restart of Slurm's controller is not waited for and may fail jobs"):
        return
    check, submit, queue = executor.check_active_jobs, executor.run_job, Queue(executor.run_uuid)
    reports = {"report_job_success": executor.report_job_success, "report_job_error": executor.report_job_error}
    said: set[int] = set()

    def noting(report: Any) -> Any:
        def reported(job: Any, *arguments: Any, **options: Any) -> Any:
            said.add(id(job))
            return report(job, *arguments, **options)

        return reported

    async def check_active_jobs(active_jobs: list[Any]) -> AsyncIterator[Any]:
        said.clear()
        async for _ in check(active_jobs):
            pass
        watched = [job for job in active_jobs if id(job) not in said]
        gone = queue.gone([job.external_jobid for job in watched]) if watched else {}
        for job in watched:
            if job.external_jobid not in gone:
                yield job
            elif (state := gone[job.external_jobid]) in LOST:
                # Should Slurm start it again after all, it would write the same files beside its retry.
                subprocess.run(["scancel", job.external_jobid], capture_output=True, check=False)
                logs = [str(job.aux["slurm_logfile"])] if "slurm_logfile" in job.aux else []
                executor.report_job_error(job, msg=f"Slurm job {job.external_jobid} has ended as {state}. ", aux_logs=logs)
            else:
                executor.report_job_success(job)

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
    touched = ("check_active_jobs", "next_seconds_between_status_checks")
    setting = "workflow.executor_settings.init_seconds_before_status_checks"
    if not PLUGIN.has(executor, *touched, setting, lost="the end of a short job is seen late, up to three minutes after it"):
        return
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


@dataclass(frozen=True)
class Word:
    """What the executor said of a submission that failed, Slurm's log of it, and the jobs (by identity) that it had done."""

    message: str
    log: Path | None
    done: frozenset[int]


def remember_failures(executor: Any, since: float) -> dict[int, Word]:
    """Make an executor of snakemake-executor-plugin-slurm keep what it says of failures.

    Whether a member of a group is done must be noted here: afterwards Snakemake removes the outputs of the whole group.

    Args:
        since: start of the run, in seconds since the epoch; older outputs are not its work.

    Returns:
        The last word on each job or group of jobs, by its identity; it fills as jobs fail.
    """
    words: dict[int, Word] = {}
    if not PLUGIN.has(executor, "report_job_error", lost="what Slurm says of failed jobs is missing from the list at the end"):
        return words
    report = executor.report_job_error

    def report_job_error(info: Any, msg: str | None = None, aux_logs: Sequence[str | None] = (), **options: Any) -> None:
        logs = [Path(log) for log in aux_logs if log]
        members = info.job if info.job.is_group() else ()
        done = frozenset(id(job) for job in members if _made(job.output, since))
        words[id(info.job)] = Word(msg or "", logs[0] if logs else None, done)
        report(info, msg=msg, aux_logs=list(aux_logs), **options)

    executor.report_job_error = report_job_error
    return words


def _made(outputs: Iterable[str], since: float) -> bool:
    return all(Path(output).exists() and Path(output).stat().st_mtime >= since for output in outputs)


def wait_for_controller(patience: float = PATIENCE, pause: float = PAUSE) -> None:
    """Return as soon as the controller answers, or when patience is at its end."""
    end = time.monotonic() + patience
    while subprocess.run(["scontrol", "ping"], capture_output=True, check=False).returncode and time.monotonic() < end:
        time.sleep(pause)
