"""Runs and the cluster that they submit to: its site file, environment modules, the queue, leftovers, failures.

The inner parts of Snakemake (`snakemake_inside`) and of its Slurm plugin (`slurm`) that a run touches stand here, beside the
versions they were tested with, and nowhere else. Imports core and planning (what a job demands); Snakemake itself is only ever
handed in.
"""
