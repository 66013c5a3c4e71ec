"""A job of Slurm's starts its step: what follows on the command line, in the environment that a step is to have.

    python -I step.py srun OPTIONS... COMMAND...

Slurm's variables speak of the whole job and would be options of srun, beside those of its command line. The step gets its own.
"""

import os
import sys
from collections.abc import Mapping

KEPT = frozenset({"SLURM_JOB_ID", "SLURM_JOBID", "SLURM_CLUSTER_NAME", "SLURM_SUBMIT_DIR", "SLURM_SUBMIT_HOST"})
"""What names the job; those that snakemake-executor-plugin-slurm-jobstep 0.6 keeps, too."""
OPTIONS = ("SLURM_", "SRUN_", "SBATCH_")
"""How variables begin that srun takes for options."""


def of_a_step(variables: Mapping[str, str]) -> dict[str, str]:
    """A job's environment without the options that srun would find in it."""
    return {name: value for name, value in variables.items() if name in KEPT or not name.startswith(OPTIONS)}


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], of_a_step(os.environ))
