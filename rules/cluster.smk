# The cluster that jobs are submitted to, if they are: its ways are in profiles/slurm/site.yaml.
import os
import sys
from subprocess import CalledProcessError

from polyglot import demands
from polyglot.controller import ask_in_step_with_the_jobs, outlast_the_controller
from polyglot.hashing import content_id
from polyglot.failures import Failure, report_of
from polyglot.leftovers import cancel_leftovers
from polyglot.modules import with_modules
from polyglot.site import SITE_FILE, read_site

SUBMITTED = workflow.resource_settings.nodes is not None or workflow.remote_exec
SLURM_LOGS = Path(".snakemake/slurm_logs")


def read_cluster():
    """The cluster's ways; None where jobs run on this machine."""
    if not SUBMITTED:
        return None
    try:
        return read_site(ROOT / SITE_FILE)
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


CLUSTER = read_cluster()


def in_words(demand):
    if CLUSTER is None:
        return {name: getattr(demand, name) for name in ("gpu", "mem_mb", "runtime")}
    return CLUSTER.resources(demand) | {"in_group": 1}


def asked(demand):
    """Resources of a rule: what its jobs demand."""

    def resource(name):
        def value(wildcards, attempt):
            return in_words(demand(wildcards, attempt))[name]

        return value

    return {name: resource(name) for name in in_words(demands.small(1))}


def threads_of(demand):
    def threads(wildcards, attempt):
        return demand(wildcards, attempt).threads

    return threads


def take_threads_of_the_nodes():
    """Without this, jobs are cut to the cores of the machine that submits them: Snakemake 9.27 reads `cores` of profiles/default,
    which is for runs on one machine, also where jobs are submitted."""
    if SUBMITTED and workflow.is_main_process:
        workflow.resource_settings.cores = sys.maxsize
        workflow.global_resources["_cores"] = sys.maxsize


take_threads_of_the_nodes()


def prepare_cluster():
    """Before the first job: its modules, no job of an earlier run that writes the same files, and patience."""
    waiting = workflow.dag.needrun_jobs() if CLUSTER else ()
    if all(workflow.is_local(job.rule) for job in waiting):
        return
    try:
        if CLUSTER.modules:
            os.environ.update(with_modules(CLUSTER.modules))
        cancelled = cancel_leftovers(Path.cwd())
    except (ConfigurationError, CalledProcessError, TimeoutError) as error:
        raise WorkflowError(str(error)) from None
    if hasattr(workflow.executor_settings, "status_command"):  # Slurm's plugin
        outlast_the_controller(workflow.scheduler._executor)
        ask_in_step_with_the_jobs(workflow.scheduler._executor)
    for run, count in cancelled.items():
        print(
            f"Cancelled {count} jobs that an earlier run left in the queue ({run}); what they had done is kept.",
            file=sys.stderr,
        )


def cluster_logs(job):
    """Where the executor plugin keeps what Slurm writes about a job or a group of jobs."""
    if job.is_group():
        return SLURM_LOGS / f"group_{job.name}"
    named = "_".join(job.wildcards).replace(os.sep, "_")
    return SLURM_LOGS / f"rule_{job.name}" / named


def failures():
    """Jobs that were given up in this run."""
    return [
        Failure(
            job.rule.name,
            dict(job.wildcards_dict),
            Path(job.log[0]) if job.log else None,
            cluster_logs(given_up) if SUBMITTED else None,
            given_up.attempt,
        )
        for given_up in workflow.scheduler.failed
        for job in (given_up if given_up.is_group() else [given_up])
    ]


def profile_of_this_run():
    """The profile that the command line names: what jobs ask for is said in its words."""
    named = [arg for arg in sys.argv[1:] if arg.startswith("--profile")]
    if not named:
        return None
    name = named[-1].partition("=")[2]
    return name or sys.argv[sys.argv.index(named[-1]) + 1]


def workflow_hash():
    """Changes whenever a rule does."""
    files = sorted((ROOT / "rules").glob("*.smk"))
    return content_id(*(path.read_text(encoding="utf-8") for path in files))
