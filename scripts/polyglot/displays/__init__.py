"""Tables and figures: what there is, what each is made from, and the functions that make them.

`catalogue/` says what a study has, `tables/` and `figures/` show it, `makers.py` finds a function by its name, and `context.py`,
`numbers.py` and `words.py` are what they share. The room may import the rooms up to study and replication (floor 8), not planning
or provenance beside it. It computes no result: what it shows is read from small files. `display.py` and `catalogue/` are read
with every Snakefile and import neither pandas nor matplotlib.
"""
