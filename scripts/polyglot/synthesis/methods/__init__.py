"""Methods: how a teacher makes a training example from human-written seed data, one file each.

`base.py` defines methods and the lookup `METHODS`. Nothing here imports pandas or a model, because the Snakefile loads it.
"""
