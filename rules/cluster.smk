# The cluster that jobs are submitted to, if they are: its ways are in profiles/slurm/site.yaml.
import os
import sys
import time
from subprocess import CalledProcessError

from polyglot.planning.demands import Demands
from polyglot.cluster.slurm import (
    Word,
    ask_in_step_with_the_jobs,
    keep_groups_within,
    outlast_the_controller,
    remember_failures,
)
from polyglot.core.hashing import content_id
from polyglot.cluster.failures import Failure, report_of
from polyglot.cluster.leftovers import RunElsewhereError, cancel_leftovers, register_run
from polyglot.cluster.environment_modules import with_modules
from polyglot.cluster.site import SITE_FILE, read_site

# The executor is chosen only after the rules are read, and -j counts jobs on this machine too. But profiles/slurm alone gives this
# resource a scope, which Snakemake hands down to every job.
SUBMITTED = "in_group" in workflow.resource_settings.overwrite_resource_scopes
STARTED = time.time()
WORDS = {}  # what Slurm's executor says of jobs that fail


def read_cluster():
    """The cluster's ways; None where jobs run on this machine."""
    if not SUBMITTED:
        return None
    try:
        return read_site(ROOT / SITE_FILE)
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


CLUSTER = read_cluster()
NO_NETWORK = CLUSTER is not None and not CLUSTER.network
# A judge behind an endpoint is asked from where there is a network.
JUDGED_HERE = NO_NETWORK and models.behind_endpoint(models.judge)
DEMANDS = Demands(STUDY, REGISTRIES)
small = None  # what a rule asks for whose jobs run no model


def in_words(demand):
    if CLUSTER is None:
        return {name: getattr(demand, name) for name in ("gpu", "mem_mb", "runtime")}
    return CLUSTER.resources(demand) | {"in_group": 1}


def asked(rule):
    """Resources of a rule: what its jobs demand (polyglot.planning.work says what they do)."""
    demand = DEMANDS.by(rule)

    def resource(name):
        def value(wildcards, attempt):
            return in_words(demand(wildcards, attempt))[name]

        return value

    return {name: resource(name) for name in in_words(DEMANDS.of(small, {}, 1))}


def threads_of(rule):
    demand = DEMANDS.by(rule)

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
    global WORDS
    waiting = workflow.dag.needrun_jobs() if CLUSTER else ()
    if all(workflow.is_local(job.rule) for job in waiting):
        return
    slurm = hasattr(workflow.executor_settings, "status_command")
    try:
        if CLUSTER.modules:
            os.environ.update(with_modules(CLUSTER.modules))
        if slurm:
            register_run(Path.cwd(), workflow.scheduler._executor.run_uuid)
        cancelled = cancel_leftovers(Path.cwd())
    except (
        ConfigurationError,
        CalledProcessError,
        TimeoutError,
        RunElsewhereError,
    ) as error:
        raise WorkflowError(str(error)) from None
    if slurm:
        WORDS = remember_failures(workflow.scheduler._executor, STARTED)
        outlast_the_controller(workflow.scheduler._executor)
        ask_in_step_with_the_jobs(workflow.scheduler._executor)
        if CLUSTER.limits.minutes is not None:
            keep_groups_within(workflow.scheduler._executor, CLUSTER.limits.minutes)
    for run, count in cancelled.items():
        print(
            f"Cancelled {count} jobs that an earlier run left in the queue ({run}); what they had done is kept.",
            file=sys.stderr,
        )


def failures():
    """Jobs that were given up in this run; of a group those that it had not done."""
    found = []
    for given_up in workflow.scheduler.failed:
        word = WORDS.get(id(given_up), Word("", None, frozenset()))
        members = list(given_up) if given_up.is_group() else [given_up]
        for job in [job for job in members if id(job) not in word.done] or members:
            log = Path(job.log[0]) if job.log else None
            found.append(
                Failure(
                    job.rule.name,
                    dict(job.wildcards_dict),
                    log,
                    given_up.attempt,
                    STARTED,
                    word.message,
                    word.log,
                )
            )
    return found


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
