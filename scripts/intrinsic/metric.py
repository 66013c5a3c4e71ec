"""A metric of the texts of a training set alone, one number an example."""

from polyglot.workflow.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.intrinsic.metrics import METRICS
    from polyglot.intrinsic.texts import measure_texts

    found = measure_texts(METRICS[snakemake.wildcards.metric], pd.read_parquet(snakemake.input.data))
    print(found.drop(columns="id").describe().to_string())
    write_parquet(found, snakemake.output[0])
