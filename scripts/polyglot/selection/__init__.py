"""Selection (M-DaQ, arXiv 2509.15549): the part of a data set that is good and diverse, and its rivals of the same size.

The room has the rules that select (`rules.py`, which users add to), the quality model and the clusters that they look at, and the
duels that judge them. It may import the rooms up to scoring (floor 6), not analysis or routing beside it, nor the study.
`rules.py` and `settings.py` are read with every Snakefile and import neither pandas nor numpy.
"""
