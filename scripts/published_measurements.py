"""Tables 11 and 12 of the paper as measurements."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_parquet
    from polyglot.published import published_measurements

    tables = (Path(snakemake.input.intrinsic), Path(snakemake.input.pgr))
    write_parquet(published_measurements(*tables), snakemake.output[0])
