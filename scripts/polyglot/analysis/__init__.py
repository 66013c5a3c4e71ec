"""Analyses of scores: components and regression, additive steps, screening, the validity check.

Data frames in, data frames out. Imports core, scoring and what is below it. Statistics independent of teachers and languages
belong in scoring.statistics; tables and figures in displays.
"""
