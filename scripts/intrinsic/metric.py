"""A metric computed from a training set's texts alone, one number per example."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.intrinsic.metrics import METRICS
    from polyglot.intrinsic.texts import measure_texts

    metric = METRICS[snakemake.wildcards.metric]
    found = measure_texts(metric, pd.read_parquet(snakemake.input.data))
    print(f"{metric.title}: {found[metric.values].mean():.6g}, of {len(found)} examples")
    write_parquet(found, snakemake.output[0])
