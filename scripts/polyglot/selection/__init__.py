"""Selection (M-DaQ, arXiv 2509.15549): a good and diverse subset of a data set, and baselines of the same size.

It has the selection rules (`rules.py`, extensible by users), the quality model and clusters that they use, and the duels that
compare them. It may import the rooms up to scoring (floor 6), not analysis or routing beside it, nor the study. `rules.py` and
`settings.py` are loaded by the Snakefile and import neither pandas nor numpy.
"""
