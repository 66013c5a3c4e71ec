# The cluster for submitted jobs, if any, as described in profiles/slurm/site.yaml.
from functools import partial

from polyglot.cluster.run import Run, RunError
from polyglot.cluster.snakemake_inside import makes, software_of, waiting_jobs
from polyglot.planning.demands import Demands
from polyglot.planning.submissions import JUDGING
from polyglot.workflow.ask_snakemake import profile_named, workflow_hash
from polyglot.workflow.future_files import date_now
from polyglot.workflow.keys import missing_keys, spent_up
from polyglot.workflow.shared_starts import share_starts_of_the_submission
from polyglot.workflow.software import missing_software

RUN = plainly(lambda: Run(workflow, ROOT, Demands(STUDY, REGISTRIES)))
asked, threads_of = RUN.asked, RUN.threads  # resource requests of a rule's jobs
if not is_main(workflow):
    share_starts_of_the_submission()  # which RUN has announced, if this process runs its jobs
small = None  # the resource request of rules that run no model
CLUSTER = RUN.site  # None if jobs run on this machine
# Endpoints are asked where Snakemake runs if compute nodes have no network, or if jobs wait for batches: longer than a site lets
# its jobs run, and without computing.
NO_NETWORK = CLUSTER is not None and not CLUSTER.network
ASKED_HERE = NO_NETWORK or (
    CLUSTER is not None and models.waits(*models.endpoint_teachers)
)
JUDGED_HERE = models.behind_endpoint(models.judge) and (
    NO_NETWORK or (CLUSTER is not None and models.waits(models.judge))
)


def with_all_rules():
    """What needs all rules: which jobs share a submission, and whether the targets of this command line can be made."""
    RUN.group_jobs(apart=JUDGING if JUDGED_HERE else [])
    if is_main(workflow):
        plainly(lambda: targets.check(sys.argv[1:], partial(makes, workflow)))


def prepare_run():
    """Prepare the run before the first job; a problem ends it with one message."""
    waiting = waiting_jobs(workflow)
    known = list(REGISTRIES.models.values())
    missing_here, missing = missing_keys(waiting, known)
    paid = Path(paths.PAID.format(study=STUDY.study))
    spent = spent_up(waiting, known, paid, STUDY.synthesis.budget)
    inputs = (name for job in waiting for name in job.inputs)
    dated, others = date_now(inputs, [Path(RESULTS), Path(hub.folder)])
    if dated:
        print(f"inputs from the future, dated as of now: {dated}", file=sys.stderr)
    lacking = [] if software_of(workflow) else missing_software(waiting)
    problems = [*missing_here, *spent, *lacking, *others]
    if problems:
        sys.exit("\n".join([*problems, "Nothing was run."]))
    for problem in missing:
        print(f"Warning: where jobs run, {problem}", file=sys.stderr)
    try:
        RUN.prepare()
    except RunError as error:
        raise WorkflowError(str(error)) from None
