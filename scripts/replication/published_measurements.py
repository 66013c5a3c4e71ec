"""Tables 11 and 12 of the paper as measurements."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from polyglot.core.files import write_parquet
    from polyglot.replication.settings import PUBLISHED_BASE, PUBLISHED_RECIPE
    from polyglot.scoring.metric_tables import read_measurements

    measured = read_measurements(list(snakemake.input), base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE)
    write_parquet(measured, snakemake.output[0])
