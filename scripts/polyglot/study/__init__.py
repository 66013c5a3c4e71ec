"""A study: its configuration, composed of the rooms' settings, its experiments as cells, and its sizes.

Imports the settings of the rooms below, and nothing that loads pandas, numpy or torch: the Snakefile parses with it, in every job
on a cluster. Checks that need files or the registries are in workflow.
"""
