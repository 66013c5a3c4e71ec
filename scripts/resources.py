"""What the run cost, by rule, from Snakemake's benchmark files."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_csv, write_text
    from polyglot.tables import page, resource_table

    table = resource_table(Path(snakemake.params.benchmarks))
    write_csv(table, snakemake.output.csv)
    write_text(page(table.to_markdown(index=False), title="Seconds and memory by rule"), snakemake.output.html)
