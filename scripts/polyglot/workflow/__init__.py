"""Workflow: between Snakemake and the library: reading and checking a study, what rules are made from, targets, a job's frame.

Imports the floors below. Nothing here imports Snakemake, pandas or numpy at the top: every job on a cluster reads it. Slurm
belongs in cluster.
"""
