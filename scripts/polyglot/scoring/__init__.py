"""From per-example files to the PG-Score: measurements with bootstrap replicates, scores, flags, ranks, statistics.

Data frames in, data frames out. Imports core and intrinsic (the names of metrics). Nothing here runs a model or knows a study's
files beyond the given paths. Interpreting scores belongs in analysis, showing them in displays.
"""
