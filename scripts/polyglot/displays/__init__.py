"""Tables and figures: the catalogue, the inputs of each, and the functions that make them.

`catalogue/` lists a study's displays, `tables/` and `figures/` make them, and `makers.py` finds a function by its name.
`context.py`, `numbers.py` and `words.py` are shared. The room may import the rooms up to study and replication (floor 8), not
planning or provenance beside it. It computes no results, but reads them from small files. `display.py` and `catalogue/` are
loaded by the Snakefile and import neither pandas nor matplotlib.
"""
