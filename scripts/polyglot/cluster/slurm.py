"""Slurm and private parts of its executor plugin: poll the controller at a suitable rate, and wait for it if it is down.

All uses of snakemake-executor-plugin-slurm beyond its documented interface are here. If an attribute is missing, a warning says
what no longer works.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.upstream import Upstream, warn

PLUGIN = Upstream("snakemake-executor-plugin-slurm", first="2.8", before="2.9")
JOBSTEP = Upstream("snakemake-executor-plugin-slurm-jobstep", first="0.6", before="0.7")
RUN = re.compile(r"SLURM run ID: (\S+)")
"""The plugin's line in Snakemake's log with the run's id, which is also the name of its Slurm jobs."""
REFUSAL = re.compile(r"SLURM sbatch failed\. The error message was '(.*?)'\.$", re.DOTALL | re.MULTILINE)
"""sbatch's error in the plugin's message, which also contains the full command."""

PATIENCE = 900.0
"""Seconds that a submission waits for the controller."""
PAUSE = 5.0
"""Seconds between two checks whether it is back."""
ANSWER = 60.0
"""Seconds that squeue or scancel may take."""

LOOK = 0.5
"""Seconds between two looks at whether the run has ended."""
GROWTH = 1.25
"""Growth factor of the time between status checks while no job ends."""
STEP = Path(__file__).with_name("step.py")
ONE_AT_A_TIME = "--resources in_group=1"
"""Jobs of a submission run one after another: each has the resource, as profiles/slurm says (`polyglot.cluster.run`)."""
LOST = ("PREEMPTED", "NODE_FAIL")
"""States of a job that Slurm removed from its node; if it is restarted, the state soon changes."""


class Queue:
    """A run's jobs as listed by the controller, which forgets ended jobs after MinJobAge."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._seen: dict[str, str] = {}
        self._absent: set[str] = set()

    def gone(self, jobs: Sequence[str]) -> dict[str, str | None]:
        """Jobs not alive in the last two answered queries, with their last known state, if any.

        One query is not enough, because a requeued job is briefly not listed.
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
    """Make a snakemake-executor-plugin-slurm executor wait for the controller, but not for ended jobs.

    In version 2.8.0, an unanswered status query makes the executor forget all active jobs, so Snakemake waits forever. A
    submission without a controller counts as a job failure, and retries are used up within seconds. A job that is no longer
    listed, or was preempted permanently, is polled forever. If a job's status is unknown, it is reported as successful, and
    Snakemake then checks its outputs.
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
                # If Slurm restarted it after all, it would write the same files as its retry.
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


def cancel_every_job(executor: Any) -> None:
    """Make a snakemake-executor-plugin-slurm executor cancel all jobs of its run when Snakemake is interrupted.

    In version 2.8.0, it cancels only listed jobs. The list is empty while their states are asked for, and a job enters it only
    when sbatch has answered. Other jobs compute on until their time limit.
    """
    lost = "a job whose state is asked for while you press Ctrl-C may go on (squeue shows it, and the next run cancels it)"
    if not PLUGIN.has(executor, "cancel_jobs", "run_uuid", lost=lost):
        return
    cancel, command = executor.cancel_jobs, ["scancel", "--me", f"--name={executor.run_uuid}"]

    def cancel_jobs(active_jobs: list[Any]) -> None:
        try:
            cancel(active_jobs)
        finally:
            try:
                subprocess.run(command, capture_output=True, check=True, timeout=ANSWER)
            except (OSError, subprocess.SubprocessError):
                warn(f"jobs of this run may go on, because Slurm did not cancel them: {shlex.join(command)}")

    executor.cancel_jobs = cancel_jobs


def ask_in_step_with_the_jobs(executor: Any) -> None:
    """Make a snakemake-executor-plugin-slurm executor notice the end of a job within a quarter of the time since the last job
    ended, and that of the run, after Ctrl-C for example, at once.

    Version 2.8.0 waits ten seconds longer after each check without a success, so it notices the end of a one-minute job a minute
    late. After 15 minutes, both check every three minutes.
    """
    touched = ("check_active_jobs", "next_seconds_between_status_checks", "sleep", "wait")
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

    async def sleep() -> None:
        end = time.monotonic() + executor.next_seconds_between_status_checks
        while executor.wait and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LOOK))

    executor.check_active_jobs = check_active_jobs
    executor.sleep = sleep


def start_snakemake_once(executor: Any) -> None:
    """Make a snakemake-executor-plugin-slurm executor start Snakemake once for a submission.

    In version 2.8.0, a submission's Snakemake starts another one for each job, as a step of Slurm's (srun). Here the submission
    is one step, and the Snakemake in it does all jobs. Job arrays, jobs with `mpi` and --slurm-pass-command-as-script need the
    other way, and keep it.
    """
    import snakemake_executor_plugin_slurm_jobstep as jobstep

    lost = "each job of a submission starts Snakemake once more"
    setting = "workflow.executor_settings.pass_command_as_script"
    touched = ("format_job_exec", "get_python_executable", "additional_general_args", "array_jobs", setting)
    options = ("get_cpu_setting", "get_gpu_setting", "get_node_setting")
    if not (PLUGIN.has(executor, *touched, lost=lost) and JOBSTEP.has(jobstep, *options, lost=lost)):
        return
    if executor.array_jobs or executor.workflow.executor_settings.pass_command_as_script:
        return
    format_job_exec = executor.format_job_exec

    def in_one_step(job: Any) -> str:
        command: str = format_job_exec(job)
        for_steps: str = executor.additional_general_args()
        start = f"{executor.get_python_executable()} -m snakemake "
        if job.resources.get("mpi") or command.count(start) != 1 or command.count(for_steps) != 1:
            return command
        gpus = jobstep.get_gpu_setting(job)
        step = f"srun -n1 --cpu-bind=q {jobstep.get_cpu_setting(job, bool(gpus))} {gpus} {jobstep.get_node_setting(job)}"
        launched = f"{shlex.quote(sys.executable)} -I {shlex.quote(str(STEP))} {step} {start}"
        return command.replace(start, launched).replace(for_steps, ONE_AT_A_TIME)

    executor.format_job_exec = in_one_step


@dataclass(frozen=True)
class Word:
    """A failed submission: the executor's message, Slurm's log, and the jobs (by identity) that it had finished."""

    message: str
    log: Path | None
    done: frozenset[int]


def remember_failures(executor: Any, since: float) -> dict[int, Word]:
    """Make a snakemake-executor-plugin-slurm executor keep its messages about failures.

    Finished members of a group must be noted here, because Snakemake then removes the outputs of the whole group.

    Args:
        since: start of the run, in seconds since the epoch; older outputs belong to other runs.

    Returns:
        The last message for each job or group, by identity; filled as jobs fail.
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


def remove_side_files(executor: Any) -> None:
    """Make an executor remove the side files of a group's jobs as soon as the whole group is done (see
    `polyglot.core.sidefile.SideFile.remove`)."""
    lost = "side files of jobs that shared a submission stay in the study's folder `unfinished`"
    if not PLUGIN.has(executor, "report_job_success", lost=lost):
        return
    report = executor.report_job_success

    def report_job_success(info: Any) -> None:
        for job in info.job if info.job.is_group() else ():
            side = job.params.get("side_file")
            if side:
                Path(side).unlink(missing_ok=True)
        report(info)

    executor.report_job_success = report_job_success


def wait_for_controller(patience: float = PATIENCE, pause: float = PAUSE) -> None:
    """Return when the controller answers, or after the maximum waiting time."""
    end = time.monotonic() + patience
    while subprocess.run(["scontrol", "ping"], capture_output=True, check=False).returncode and time.monotonic() < end:
        time.sleep(pause)
