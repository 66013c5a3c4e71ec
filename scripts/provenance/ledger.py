"""The cost of the study so far, by rule and teacher."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_csv
    from polyglot.provenance.ledger import ledger_table

    out = Path(snakemake.output[0])
    write_csv(ledger_table(out.parent.parent, snakemake.params.usd_per_gpu_hour), out)
