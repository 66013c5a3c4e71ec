"""Figures, one module per subject, in the shared style of `style.py`.

A function takes a `Context` and frames by name and returns a matplotlib figure; the catalogue names it as `module.function`. It
may import pandas and the rooms below displays; matplotlib only within functions, and tables only for shared orderings.
"""
