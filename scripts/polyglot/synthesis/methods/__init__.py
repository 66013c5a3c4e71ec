"""Methods: the ways in which a teacher makes a training example from what people wrote, one file each.

`base.py` says what a method is and holds the lookup `METHODS`. Nothing here imports pandas or a model: the Snakefile reads it.
"""
