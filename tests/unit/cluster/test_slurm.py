"""Jobs on a cluster: their ends are seen soon, and every job is watched on while the cluster says nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyglot.cluster.slurm import (
    Word,
    ask_in_step_with_the_jobs,
    cancel_every_job,
    outlast_the_controller,
    remember_failures,
    remove_side_files,
    start_snakemake_once,
    wait_for_controller,
)
from polyglot.core.upstream import warn


@dataclass(eq=True)
class Job:
    name: str

    @property
    def external_jobid(self) -> str:
        return self.name

    @property
    def aux(self) -> dict[str, Path]:
        return {"slurm_logfile": Path("logs") / self.name}


class Executor:
    """As the plugin does: a job is yielded while it runs, reported when it has ended, and neither if no query is answered."""

    def __init__(self) -> None:
        self.run_uuid = "run"
        self.answers: dict[str, str] | None = {}
        self.reported: list[str] = []
        self.next_seconds_between_status_checks: float = 2
        self.wait = True
        self.workflow = SimpleNamespace(executor_settings=SimpleNamespace(init_seconds_before_status_checks=2))

    def report_job_success(self, job: Job) -> None:
        self.reported.append(job.name)

    def report_job_error(self, job: Job, msg: str, aux_logs: list[str] | None = None) -> None:
        self.reported.append(f"{job.name}: {msg}")

    def run_job(self, job: Job) -> None:
        self.reported.append(f"{job.name} submitted")

    async def sleep(self) -> None:
        await asyncio.sleep(self.next_seconds_between_status_checks)

    def cancel_jobs(self, active_jobs: list[Job]) -> None:
        self.reported += [f"{job.name} cancelled" for job in active_jobs]

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


class Squeue:
    """A command that lists jobs with their states, or does not answer; and scancel, which notes what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command(folder, "squeue", f'case "$*" in *--name=run*) cat {folder}/listed;; *) exit 1;; esac')
        command(folder, "scancel", f'echo "$@" >> {folder}/cancelled')

    def lists(self, jobs: dict[str, str] | None) -> None:
        if jobs is None:
            (self.folder / "listed").unlink()
        else:
            (self.folder / "listed").write_text("".join(f"{job} {state}\n" for job, state in jobs.items()))

    @property
    def cancelled(self) -> str:
        cancelled = self.folder / "cancelled"
        return cancelled.read_text() if cancelled.exists() else ""


def command(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Squeue:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Squeue(tmp_path)


@pytest.fixture
def scontrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that answers once a file is there."""
    command(tmp_path, "scontrol", f"test -e {tmp_path}/up || {{ touch {tmp_path}/up; exit 1; }}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_jobs_are_watched_on_when_no_query_is_answered(squeue: Squeue) -> None:
    executor, jobs = Executor(), [Job("a"), Job("b"), Job("b")]
    outlast_the_controller(executor)
    executor.answers = None
    for _ in range(3):
        assert watched(executor, jobs) == jobs
    assert executor.reported == []


def test_a_job_that_two_queries_do_not_list_has_ended(squeue: Squeue) -> None:
    executor, jobs = Executor(), [Job("a"), Job("b")]
    outlast_the_controller(executor)
    executor.answers = {"a": "running", "b": "running"}
    squeue.lists({"b": "RUNNING"})
    assert watched(executor, jobs) == jobs
    squeue.lists(None)
    assert watched(executor, jobs) == jobs
    squeue.lists({"b": "RUNNING"})
    assert watched(executor, jobs) == [Job("b")]
    assert executor.reported == ["a"]


def test_a_job_that_is_listed_again_is_watched_on(squeue: Squeue) -> None:
    executor = Executor()
    outlast_the_controller(executor)
    executor.answers = {"a": "running"}
    for state in ("PREEMPTED", "PENDING", "NODE_FAIL", "RUNNING"):
        squeue.lists({"a": state})
        assert watched(executor, [Job("a")]) == [Job("a")]
    assert executor.reported == []
    assert squeue.cancelled == ""


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("state", ["PREEMPTED", "NODE_FAIL"])
def test_a_job_that_slurm_does_not_start_again_has_failed(squeue: Squeue, state: str, forgotten: bool) -> None:
    executor = Executor()
    outlast_the_controller(executor)
    executor.answers = {"a": "running"}
    squeue.lists({"a": state})
    assert watched(executor, [Job("a")]) == [Job("a")]
    squeue.lists({} if forgotten else {"a": state})
    assert watched(executor, [Job("a")]) == []
    assert executor.reported == [f"a: Slurm job a has ended as {state}. "]
    assert squeue.cancelled == "a\n"


def test_jobs_that_have_ended_are_not_watched_on(squeue: Squeue) -> None:
    executor = Executor()
    outlast_the_controller(executor)
    executor.answers = {"a": "running", "b": "done", "c": "TIMEOUT"}
    assert watched(executor, [Job("a"), Job("b"), Job("c")]) == [Job("a")]
    assert executor.reported == ["b", "c: TIMEOUT"]


def test_an_interrupted_run_cancels_also_jobs_that_are_not_in_snakemakes_list(squeue: Squeue) -> None:
    """The list is empty while the states of its jobs are asked for."""
    executor = Executor()
    cancel_every_job(executor)
    executor.cancel_jobs([Job("a")])
    assert executor.reported == ["a cancelled"]
    executor.cancel_jobs([])
    assert squeue.cancelled.splitlines() == ["--me --name=run"] * 2


@pytest.mark.parametrize("scancel", [True, False])
def test_jobs_that_cannot_be_cancelled_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scancel: bool
) -> None:
    warn.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    if scancel:
        command(tmp_path, "scancel", "exit 1")
    executor = Executor()
    cancel_every_job(executor)
    executor.cancel_jobs([])
    assert "jobs of this run may go on, because Slurm did not cancel them: scancel --me --name=run" in capsys.readouterr().err


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


def test_a_run_that_ends_does_not_wait_for_the_next_status_check() -> None:
    executor = Executor()
    ask_in_step_with_the_jobs(executor)
    executor.next_seconds_between_status_checks = 1e6

    async def ended() -> None:
        sleeping = asyncio.create_task(executor.sleep())
        await asyncio.sleep(0)
        executor.wait = False
        await asyncio.wait_for(sleeping, timeout=60)

    asyncio.run(ended())


def test_a_submission_waits_until_the_controller_answers(scontrol: Path) -> None:
    executor = Executor()
    outlast_the_controller(executor)
    wait_for_controller(pause=0.01)
    assert (scontrol / "up").exists()
    executor.run_job(Job("a"))
    assert executor.reported == ["a submitted"]


@dataclass(frozen=True)
class Member:
    output: tuple[str, ...]


class Group(list[Member]):
    def is_group(self) -> bool:
        return True


def test_what_is_said_of_a_failure_is_kept_with_what_was_done(tmp_path: Path) -> None:
    executor = Executor()
    words = remember_failures(executor, since=1000)
    members = {name: Member((str(tmp_path / name),)) for name in ("old", "missing", "new")}
    for name, changed in (("old", 900), ("new", 1100)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (changed, changed))
    group = Group(members.values())
    executor.report_job_error(SimpleNamespace(job=group, name="g"), "refused")  # type: ignore[arg-type]
    assert words == {id(group): Word("refused", None, frozenset([id(members["new"])]))}
    executor.report_job_error(SimpleNamespace(job=group, name="g"), msg="failed", aux_logs=["7.log"])  # type: ignore[arg-type]
    assert words[id(group)].log == Path("7.log")
    assert executor.reported == ["g: refused", "g: failed"]


WRAPPERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "run_uuid": (outlast_the_controller, "a restart of Slurm's controller is not waited for"),
    "cancel_jobs": (cancel_every_job, "a job whose state is asked for while you press Ctrl-C may go on"),
    "check_active_jobs": (outlast_the_controller, "a restart of Slurm's controller is not waited for"),
    "next_seconds_between_status_checks": (ask_in_step_with_the_jobs, "the end of a short job is seen late"),
    "wait": (ask_in_step_with_the_jobs, "the end of a short job is seen late"),
    "workflow": (ask_in_step_with_the_jobs, "the end of a short job is seen late"),
    "format_job_exec": (start_snakemake_once, "each job of a submission starts Snakemake once more"),
    "report_job_error": (lambda executor: remember_failures(executor, since=0), "what Slurm says of failed jobs is missing"),
}


@pytest.mark.parametrize("lacking", WRAPPERS)
def test_an_executor_without_an_inner_part_is_left_alone_with_a_warning(lacking: str, capsys: pytest.CaptureFixture[str]) -> None:
    warn.cache_clear()
    wrap, lost = WRAPPERS[lacking]
    parts = {name: getattr(Executor(), name) for name in dir(Executor()) if not name.startswith("__") and name != lacking}
    executor = SimpleNamespace(**parts)
    assert not wrap(executor)
    assert vars(executor) == parts
    said = capsys.readouterr().err
    assert f"has no SimpleNamespace.{lacking}" in said
    assert lost in said
    assert "requirements.lock" in said


def test_a_preempted_job_without_a_log_fails_all_the_same(squeue: Squeue) -> None:
    class Bare(Job):
        aux = {}  # type: ignore[assignment] # noqa: RUF012

    executor = Executor()
    outlast_the_controller(executor)
    executor.answers = {"a": "running"}
    squeue.lists({"a": "PREEMPTED"})
    for _ in range(2):
        watched(executor, [Bare("a")])
    assert executor.reported == ["a: Slurm job a has ended as PREEMPTED. "]


def test_side_files_of_a_group_are_removed_when_the_whole_group_is_done(tmp_path: Path) -> None:
    """One job alone removes its own."""
    done: list[Any] = []
    executor = SimpleNamespace(report_job_success=done.append)
    remove_side_files(executor)

    class Jobs(list[Any]):
        def is_group(self) -> bool:
            return len(self) > 1

    def job(name: str) -> Any:
        (tmp_path / name).write_text("rows")
        return SimpleNamespace(params={"side_file": str(tmp_path / name)})

    group = SimpleNamespace(job=Jobs([job("a"), job("b"), SimpleNamespace(params={})]))
    alone = SimpleNamespace(job=Jobs([job("c")]))
    executor.report_job_success(group)
    executor.report_job_success(alone)
    assert done == [group, alone]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


class Submitting:
    """What the plugin runs on a node, with its own options for a step of each job."""

    array_jobs: frozenset[str] = frozenset()

    def __init__(self, *, as_script: bool = False) -> None:
        self.workflow = SimpleNamespace(executor_settings=SimpleNamespace(pass_command_as_script=as_script))

    def get_python_executable(self) -> str:
        return sys.executable

    def additional_general_args(self) -> str:
        from snakemake_executor_plugin_slurm import Executor

        return str(Executor.additional_general_args(self))

    def format_job_exec(self, job: Any) -> str:
        start = f"echo before && {self.get_python_executable()} -m snakemake --snakefile 'a b'"
        return f"{start} --target-jobs {job.target} {self.additional_general_args()} --mode remote"


def submitted(target: str, **resources: Any) -> Any:
    return SimpleNamespace(target=target, threads=3, resources=resources)


@pytest.mark.parametrize(("resources", "gpus"), [({}, []), ({"gpu": 2}, ["--gpus=2"]), ({"gpu": None, "gres": "gpu:2"}, [])])
def test_a_submission_is_one_step_with_one_snakemake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: dict[str, Any], gpus: list[str]
) -> None:
    """The step asks for what the job was given, and takes no other options from its environment."""
    executor = Submitting()
    start_snakemake_once(executor)
    given = {"SLURM_JOB_ID": "7", "SLURM_MEM_PER_NODE": "4000", "SRUN_DEBUG": "3", "SBATCH_QOS": "long", "HELD": "kept"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    command(tmp_path, "srun", 'printf "%s\\n" "$@"; env')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    ran = executor.format_job_exec(submitted("a:x=1 b:x=1", **resources))
    first, *said = subprocess.run(ran, shell=True, check=True, capture_output=True, text=True).stdout.splitlines()
    assert first == "before"
    options = ["-n1", "--cpu-bind=q", "--cpus-per-task=3", *gpus, "--nodes=1"]
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", "a b", "--target-jobs", "a:x=1", "b:x=1"]
    expected = [*options, *snakemake, "--resources", "in_group=1", "--mode", "remote"]
    assert said[: len(expected)] == expected
    variables = dict(line.split("=", 1) for line in said[len(expected) :] if "=" in line)
    assert {name: variables[name] for name in given if name in variables} == {"SLURM_JOB_ID": "7", "HELD": "kept"}


def test_what_needs_snakemake_before_its_step_keeps_it() -> None:
    arrays, several = Submitting(), Submitting()
    arrays.array_jobs = frozenset({"all"})
    for executor, resources in ((Submitting(as_script=True), {}), (arrays, {}), (several, {"mpi": "srun"})):
        job = submitted("a:x=1", **resources)
        as_it_was = executor.format_job_exec(job)
        start_snakemake_once(executor)
        assert executor.format_job_exec(job) == as_it_was
        assert "slurm-jobstep" in as_it_was


def test_another_command_than_the_tested_one_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    executor, job = Submitting(), submitted("a:x=1")
    monkeypatch.setattr(executor, "format_job_exec", lambda job: "otherwise")
    start_snakemake_once(executor)
    assert executor.format_job_exec(job) == "otherwise"
