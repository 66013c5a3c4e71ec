"""Workflow: connects Snakemake and the library: reading and checking a study, inputs of rules, targets, and the wrapper of jobs.

Imports the floors below. Nothing here imports Snakemake, pandas or numpy at the top, because every job on a cluster loads it.
Slurm belongs in cluster.
"""
