"""Provenance of jobs: records of attempts, timings, the ledger of costs, and the archive of a study.

A job records each attempt itself; timings are Snakemake's; the ledger combines both with spending at endpoints. Imports core and
the rooms whose results it describes; none of them imports it. Writing a record never fails a job.
"""
