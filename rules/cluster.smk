# The cluster that jobs are submitted to, if they are: profiles/slurm/site.yaml describes it.
from polyglot.cluster.run import Run, RunError, threads_of
from polyglot.workflow.ask_snakemake import profile_named, workflow_hash


def this_run():
    """This run; a site file that cannot be used ends it with one message."""
    try:
        return Run(workflow, ROOT)
    except ConfigurationError as error:
        raise WorkflowError(str(error)) from None


RUN = this_run()
CLUSTER = RUN.site  # None where jobs run on this machine
asked = RUN.asked


def prepare_run():
    """Before the first job; what stands in its way ends the run with one message."""
    try:
        RUN.prepare()
    except RunError as error:
        raise WorkflowError(str(error)) from None
