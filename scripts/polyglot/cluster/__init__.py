"""Runs and the cluster that they submit to: its site file, environment modules, the queue, leftovers, failures.

All uses of private parts of Snakemake (`snakemake_inside`) and of its Slurm plugin (`slurm`) are here, with the versions tested.
Imports core and planning (resource requests); Snakemake objects are passed in as arguments.
"""
