"""Tables 11 and 12 of the paper as measurements."""

from polyglot.job import running

with running(snakemake):
    from polyglot.configuration import PUBLISHED_BASE, PUBLISHED_RECIPE
    from polyglot.files import write_parquet
    from polyglot.tidy import read_measurements

    measured = read_measurements(list(snakemake.input), base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE)
    write_parquet(measured, snakemake.output[0])
