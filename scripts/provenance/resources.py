"""The cost of the run, by rule, from Snakemake's timings."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_csv
    from polyglot.provenance.timings import resource_table

    write_csv(resource_table(Path(snakemake.params.benchmarks)), snakemake.output[0])
