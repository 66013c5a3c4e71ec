"""Readable tables, one module per subject: numbers with intervals, missing cells and flags, and notes on how to read them.

A function takes a `Context` and frames by name and returns a `Table`; the catalogue names it as `module.function`. It may import
pandas and the rooms below displays, but no figure.
"""
