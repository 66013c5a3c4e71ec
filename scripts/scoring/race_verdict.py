"""The rungs of a race in one table, with what was trained and what the crossed study would have trained."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_csv

    rungs = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input.rungs]
    write_csv(pd.concat(rungs, ignore_index=True).assign(**snakemake.params.terms), snakemake.output[0])
