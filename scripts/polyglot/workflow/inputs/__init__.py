"""What the rules are made from, stage by stage: files and settings of a job, from study, registries and wildcards.

Each class takes a study with its registries. What depends on a job is a method of its wildcards, which a rule names as it is
(`input: training_sets.files`) or asks for a value (`lambda wildcards: models.folder(wildcards.base)`). All of it is read by every
Snakemake process, so that nothing here imports pandas or numpy.
"""
