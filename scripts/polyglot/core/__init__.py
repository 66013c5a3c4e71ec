"""The lowest layer: files, hashing, progress, side files, YAML, templates, lookups by name, errors.

Shared by every room and independent of any stage of a study. It imports no other part of polyglot, and imports pandas and jinja2
only inside functions, because the Snakefile loads it. Code that only one stage needs belongs in that stage's room.
"""
