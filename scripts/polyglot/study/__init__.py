"""A study: its configuration (composed of the rooms' settings), its experiments as cells, and its sizes.

Imports the settings of lower rooms, and nothing that loads pandas, numpy or torch, because every job on a cluster loads it with
the Snakefile. Checks that need files or the registries are in workflow.
"""
