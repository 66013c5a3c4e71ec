"""Ground floor: files, hashing, progress, side files, YAML, templates, lookups by name, errors.

What every room uses and what knows no stage of a study. It imports nothing of polyglot, and pandas and jinja2 only where they are
used; the Snakefile parses with it. What only one stage needs belongs in that stage's room.
"""
