"""What the study has cost, by rule and teacher."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.costs import ledger_table
    from polyglot.files import write_csv

    out = Path(snakemake.output[0])
    write_csv(ledger_table(out.parent.parent, snakemake.params.usd_per_gpu_hour), out)
