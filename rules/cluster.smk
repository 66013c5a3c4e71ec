# The cluster that jobs are submitted to, if they are: profiles/slurm/site.yaml describes it.
from polyglot.cluster.run import Run, RunError
from polyglot.planning.demands import Demands
from polyglot.workflow.ask_snakemake import profile_named, workflow_hash

RUN = plainly(lambda: Run(workflow, ROOT, Demands(STUDY, REGISTRIES)))
asked, threads_of = RUN.asked, RUN.threads  # what a rule's jobs ask for
small = None  # what a rule asks for whose jobs run no model
CLUSTER = RUN.site  # None where jobs run on this machine
NO_NETWORK = CLUSTER is not None and not CLUSTER.network
# Requests to a judge's endpoint run on a machine with network access.
JUDGED_HERE = NO_NETWORK and models.behind_endpoint(models.judge)


def prepare_run():
    """Before the first job; what stands in its way ends the run with one message."""
    try:
        RUN.prepare()
    except RunError as error:
        raise WorkflowError(str(error)) from None
