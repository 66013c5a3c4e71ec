"""Tables for people, one module a subject: numbers with intervals, holes and flags in sight, and notes on how to read them.

A function takes a `Context` and frames by name and returns a `Table`; the catalogue names it as `module.function`. It may import
pandas and the rooms below displays, but no figure.
"""
