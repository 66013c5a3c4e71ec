"""From per-example files to the PG-Score: measurements with bootstrap replicates, scores, flags, ranks, statistics.

Data frames in, data frames out. Imports core and intrinsic (the names of metrics). Nothing here runs a model, and nothing knows
of a study's files beyond the paths that it is given; what scores mean is for analysis, how they look for displays.
"""
