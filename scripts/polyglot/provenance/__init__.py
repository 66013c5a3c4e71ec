"""What jobs leave behind: records of attempts, timings, the ledger of costs, and the archive of a study.

A record is a job's own line about an attempt; timings are Snakemake's; the ledger adds both up with what endpoints were paid.
Imports core and the rooms whose results it describes; none of them imports it. Writing a record never fails a job.
"""
