"""What the run cost, by rule, from Snakemake's benchmark files."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_csv
    from polyglot.workflow_benchmarks import resource_table

    write_csv(resource_table(Path(snakemake.params.benchmarks)), snakemake.output[0])
