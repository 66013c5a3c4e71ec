"""Private parts of Snakemake that a run uses: attributes of its workflow, scheduler, jobs and executor.

Its documented interface does not offer these. If an attribute is missing, a warning says what no longer works. `workflow` is
Snakemake's own object of that name in a Snakefile.
"""

from __future__ import annotations

import contextlib
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from polyglot.cluster.failures import Failure
from polyglot.cluster.slurm import Word
from polyglot.core.errors import ConfigurationError
from polyglot.core.upstream import MISSING, Upstream, inner
from polyglot.planning.expectation import ExpectedJob, seconds_taken

SNAKEMAKE = Upstream("snakemake", first="9.27", before="9.28")


def command_line(workflow: Any) -> tuple[list[Path], dict[str, Any]]:
    """The files of --configfile, as a list that is passed to jobs on other machines, and the values of --config."""
    lost = "--configfile and --config are not seen, and the study follows from the targets alone"
    if not SNAKEMAKE.has(workflow, "config_settings.configfiles", "config_settings.config", lost=lost):
        return [], {}
    return workflow.config_settings.configfiles, dict(workflow.config_settings.config)


def read_study_files_by(read: Callable[[Path], dict[str, Any]]) -> None:
    """Have the files of --configfile read as studies are, so that what is wrong with one is told in one message.

    Called before Snakemake reads them (see scripts/snakemake_logger_plugin_study).

    Args:
        read: reads such a file, or raises ConfigurationError.
    """
    from snakemake.settings import types

    lost = "Snakemake says in its own words what is wrong with the file of --configfile"
    if not SNAKEMAKE.has(types, "load_configfile", lost=lost):
        return

    def load(path: Any) -> dict[str, Any]:
        try:
            return read(Path(path))
        except ConfigurationError as error:
            raise SystemExit(str(error)) from None

    types.load_configfile = load


REPORTED = ("categories", "metadata", "results", "rulegraph", "rules", "runtimes", "timeline")


def keep_texts_of_the_report() -> None:
    """Have the report written so that no text in it is HTML: Snakemake 9.27 writes JSON, such as a job's parameters, into the
    page's scripts as it is, where `</script>` in a name would end them."""
    from snakemake.report.html_reporter import data

    parts = [f"render_{part}" for part in REPORTED]
    if not SNAKEMAKE.has(data, *parts, lost="names with HTML in them are HTML in the report"):
        return
    for part in parts:
        setattr(data, part, _without_tags(getattr(data, part)))


def read_environments_once() -> None:
    """Have the text of an environment read once for the report or the archive: Snakemake 9.27 reads it again for each job, and
    with YAML's slow reader."""
    from snakemake.report import RuleRecord

    lost = "a report of thousands of jobs takes minutes longer"
    if not SNAKEMAKE.has(RuleRecord, "__post_init__", "conda_env", lost=lost):
        return
    start = RuleRecord.__post_init__

    def __post_init__(record: Any, job: Any, kept: Any) -> None:
        encoded, kept.conda_env = kept.conda_env, None
        start(record, job, kept)
        kept.conda_env = encoded
        if encoded:
            record._conda_env_raw, record.conda_env = _environment(encoded)

    RuleRecord.__post_init__ = __post_init__


@cache
def _environment(encoded: str) -> tuple[str, Any]:
    """The text of an environment as Snakemake keeps it, and what it says."""
    text = b64decode(encoded).decode()
    return text, yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _without_tags(render: Callable[..., str]) -> Callable[..., str]:
    """The same JSON, in which a less-than sign is an escape."""

    def rendered(*arguments: Any) -> str:
        return render(*arguments).replace("<", "\\u003c")

    return rendered


def makes(workflow: Any, target: str) -> bool:
    """Whether a target is a rule, or a file that a rule makes; True if unknown."""
    lost = "a mistyped target is told in Snakemake's words"
    if not SNAKEMAKE.has(workflow, "rules", "is_rule", lost=lost):
        return True
    return bool(workflow.is_rule(target)) or any(rule.is_producer(target) for rule in workflow.rules)


def is_main(workflow: Any) -> bool:
    """Whether the user started this process, rather than it being a job's; True if unknown."""
    return bool(getattr(workflow, "is_main_process", True))


def software_of(workflow: Any) -> list[str]:
    """The options that give a run of Snakemake the environments of this one; none where jobs run in this Python."""
    lost = "a rehearsal runs in this Python, whatever --sdm says"
    if not SNAKEMAKE.has(workflow, "deployment_settings.deployment_method", "deployment_settings.conda_prefix", lost=lost):
        return []
    chosen = workflow.deployment_settings
    if "conda" not in {str(method) for method in chosen.deployment_method}:
        return []
    prefix = chosen.conda_prefix or Path.cwd() / ".snakemake/conda"
    return ["--sdm", "conda", "--conda-prefix", str(prefix)]


def count_served_jobs(served_by: Callable[[int], int | None]) -> None:
    """Count the memory and processor time of the process that does a job for the one that Snakemake watches.

    Snakemake 9.27 measures a job's process and those that it started (`benchmark:` of a rule).

    Args:
        served_by: the process that does the job of a waiting one, if any.
    """
    import psutil
    from snakemake import benchmark

    lost = "timings give the memory and processor time of the waiting process where jobs share their starts"
    if not SNAKEMAKE.has(benchmark, "BenchmarkTimer._update_record", lost=lost):
        return

    class Watched(psutil.Process):
        def children(self, recursive: bool = False) -> list[psutil.Process]:
            found = super().children(recursive)
            for served in [served_by(pid) for pid in (self.pid, *(child.pid for child in found))]:
                if served is not None:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process = psutil.Process(served)
                        found += [process, *process.children(recursive)]
            return found

    measure = benchmark.BenchmarkTimer._update_record

    def update_record(timer: Any) -> None:
        if not isinstance(timer.main, Watched) and SNAKEMAKE.has(timer, "main.pid", lost=lost):
            timer.main = Watched(timer.main.pid)
        measure(timer)

    benchmark.BenchmarkTimer._update_record = update_record


def submits(workflow: Any) -> bool:
    """Whether jobs are submitted to a cluster (profiles/slurm).

    The executor is chosen only after the rules are read, and -j counts jobs on this machine too. But only profiles/slurm gives
    the resource `in_group` a scope, which Snakemake passes on to every job.
    """
    lost = "whether jobs are submitted cannot be known here, so profiles/slurm/site.yaml is not read"
    if not SNAKEMAKE.has(workflow, "resource_settings.overwrite_resource_scopes", lost=lost):
        return False
    return "in_group" in workflow.resource_settings.overwrite_resource_scopes


def take_threads_of_the_nodes(workflow: Any) -> None:
    """Give submitted jobs the threads that they request.

    Otherwise they are limited to the cores of the submitting machine: Snakemake 9.27 applies `cores` of profiles/default, which
    is meant for local runs, to submitted jobs too.
    """
    lost = "submitted jobs get no more threads than `cores` in profiles/default"
    touched = ("is_main_process", "resource_settings.cores", "global_resources")
    if SNAKEMAKE.has(workflow, *touched, lost=lost) and workflow.is_main_process:
        workflow.resource_settings.cores = sys.maxsize
        workflow.global_resources["_cores"] = sys.maxsize


def drop_job_rate_limit(workflow: Any) -> None:
    """Start local jobs as soon as cores are free.

    To limit job starts per second, Snakemake 9.27 scans all waiting jobs every second, once more for each ended job. After
    hundreds of jobs this occupies a core. For local runs, the cores are limit enough.
    """
    lost = "Snakemake's limit of jobs started per second stays, which slows runs of hundreds of jobs"
    if not SNAKEMAKE.has(workflow, "local_exec", "scheduler", lost=lost) or not workflow.local_exec:
        return
    if workflow.scheduler is not None and SNAKEMAKE.has(workflow.scheduler, "job_rate_limiter", lost=lost):
        workflow.scheduler.job_rate_limiter = None


def has_jobs_to_submit(workflow: Any) -> bool:
    """Whether any job of this run goes to the cluster; True if unknown."""
    lost = "the cluster is prepared for also where no job is submitted"
    if not SNAKEMAKE.has(workflow, "dag.needrun_jobs", "is_local", lost=lost):
        return True
    return any(not workflow.is_local(job.rule) for job in workflow.dag.needrun_jobs())


@dataclass(frozen=True)
class Waiting:
    """A job that this run will do. `here`: on this machine, not on a cluster's; `inputs`: files and folders; `requests`: those of
    them that hold requests to a model; `outputs`: what it makes, which Snakemake removes before it runs; `environment`: the name
    of its toolchain's (envs/locked)."""

    rule: str
    params: Mapping[str, Any]
    here: bool
    inputs: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    environment: str = ""


def waiting_jobs(workflow: Any) -> list[Waiting]:
    """The jobs of this run, as far as they are known at its start."""
    lost = "a missing key, a ceiling that is reached, or an input from the future is noticed only by the job that meets it"
    if not SNAKEMAKE.has(workflow, "dag.needrun_jobs", "is_local", "local_exec", lost=lost):
        return []
    return [
        Waiting(
            job.rule.name,
            dict(job.params.items()),
            workflow.local_exec or workflow.is_local(job.rule),
            tuple(map(str, job.input)),
            tuple(map(str, _listed(job.input.get("requests", [])))),
            tuple(map(str, job.output)),
            Path(str(inner(job, "conda_env_spec.file"))).stem,
        )
        for job in workflow.dag.needrun_jobs()
    ]


def _listed(named: Any) -> list[Any]:
    """The files under a name of Snakemake's: one stands by itself there."""
    return [named] if isinstance(named, str) else list(named)


def slurm_executor(workflow: Any) -> Any | None:
    """The executor if it is snakemake-executor-plugin-slurm's; None if it is another or not accessible.

    Only the settings of that plugin have a `status_command`.
    """
    if inner(workflow, "executor_settings.status_command") is MISSING:
        return None
    lost = "restarts of Slurm's controller are not waited for, and jobs of a killed run are not kept apart from those of this one"
    return workflow.scheduler._executor if SNAKEMAKE.has(workflow, "scheduler._executor", lost=lost) else None


def keep_groups_within(executor: Any, minutes: int) -> None:
    """Limit the time request of job groups to the cluster's maximum.

    Snakemake 9.27 adds up the limits of a group's jobs, each of which is two to three times what the job is expected to take.

    Args:
        minutes: maximum time that a job may request.
    """
    lost = f"groups of jobs may ask for more than {minutes} minutes, the limit in profiles/slurm/site.yaml, and be refused"
    if not SNAKEMAKE.has(executor, "run_job", lost=lost):
        return
    submit = executor.run_job

    def run_job(job: Any) -> None:
        too_long = job.is_group() and job.resources.get("runtime", 0) > minutes  # Snakemake computes and keeps them now
        if too_long and SNAKEMAKE.has(job, "_resources", lost=lost):
            job._resources["runtime"] = minutes
        submit(job)

    executor.run_job = run_job


def group_components(workflow: Any) -> dict[str, int]:
    """Group (with its wildcards' names) to the most of its jobs in a submission, as the profile says; changes count.

    Snakemake knows it only once the rules are read.
    """
    lost = "jobs are submitted one by one that could share a submission"
    if not SNAKEMAKE.has(workflow, "group_settings.group_components", lost=lost):
        return {}
    components = workflow.group_settings.group_components
    return components if isinstance(components, dict) else {}  # without a profile it cannot be changed


def group_jobs(workflow: Any, rule: str, group: Callable[[Mapping[str, str]], str | None]) -> None:
    """Let a function of its wildcards say which group a rule's job is in.

    The rule itself cannot: `use rule` would hand its group on to rules whose jobs run on the login node.
    """
    lost = f"jobs of the rule {rule} are submitted one by one"
    if SNAKEMAKE.has(workflow, "get_rule", lost=lost) and SNAKEMAKE.has(workflow.get_rule(rule), "group", lost=lost):
        workflow.get_rule(rule).group = group


def jobs_of_a_submission(workflow: Any, arguments: Sequence[str]) -> list[str]:
    """The rules of a submission's jobs, in a process that runs them on their node; elsewhere none.

    Args:
        arguments: the process's own, since Snakemake reads its targets after the rules.
    """
    if is_main(workflow) or "--target-jobs" not in arguments:
        return []
    after = arguments[arguments.index("--target-jobs") + 1 :]
    return [job.partition(":")[0] for job in takewhile(lambda argument: not argument.startswith("--"), after)]


def expected_jobs(workflow: Any, expect: Callable[[str, Mapping[str, str]], tuple[float, int]]) -> list[ExpectedJob]:
    """Every job behind this run's targets, each after those that it needs, those too that are done already.

    Args:
        expect: seconds and threads of a rule and wildcards.
    """
    touched = ("dag.toposorted", "dag.needrun", "dag.jobid", "dag.dependencies")
    if not SNAKEMAKE.has(workflow, *touched, lost="how long is left is not said"):
        return []
    dag, found = workflow.dag, []
    for level in dag.toposorted():
        for job in sorted(level, key=dag.jobid):
            seconds, threads = expect(job.rule.name, job.wildcards_dict)
            found.append(
                ExpectedJob(
                    id=dag.jobid(job),
                    rule=job.rule.name,
                    seconds=seconds,
                    threads=threads,
                    needs=frozenset(map(dag.jobid, dag.dependencies.get(job, {}))),
                    done=not dag.needrun(job),
                    took=seconds_taken(Path(str(job.benchmark))) if job.benchmark else None,
                )
            )
    return found


def failures(workflow: Any, words: Mapping[int, Word], since: float) -> list[Failure]:
    """Failed jobs of this run; for a group, its unfinished jobs.

    Args:
        words: messages of Slurm's executor about failed submissions (see `polyglot.cluster.slurm.remember_failures`). since:
        start of the run, in seconds since the epoch.
    """
    lost = "failed jobs are named above only, and not once more at the end"
    if not SNAKEMAKE.has(workflow, "scheduler.failed", lost=lost):
        return []
    found = []
    for given_up in workflow.scheduler.failed:
        if not SNAKEMAKE.has(given_up, "is_group", "attempt", lost=lost):
            continue
        word = words.get(id(given_up), Word("", None, frozenset()))
        members = list(given_up) if given_up.is_group() else [given_up]
        for job in [job for job in members if id(job) not in word.done] or members:
            if SNAKEMAKE.has(job, "rule.name", "wildcards_dict", "log", lost=lost):
                log = Path(job.log[0]) if job.log else None
                wildcards = dict(job.wildcards_dict)
                found.append(Failure(job.rule.name, wildcards, log, given_up.attempt, since, word.message, word.log))
    return found
