"""Inputs of the rules, by stage: files and settings of a job, from study, registries and wildcards.

Each class takes a study with its registries. Job-dependent values are methods of the job's wildcards, used directly (`input:
training_sets.files`) or in a lambda (`lambda wildcards: models.folder(wildcards.base)`). Every Snakemake process loads this, so
nothing here imports pandas or numpy.
"""
