"""What the study has cost, by rule and teacher."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.costs import ledger_table
    from polyglot.files import write_csv

    write_csv(ledger_table(Path(snakemake.params.results), snakemake.params.usd_per_gpu_hour), snakemake.output[0])
