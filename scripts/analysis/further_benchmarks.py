"""Scores on benchmarks that are judged, or measured and not scored."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from collections import defaultdict

    import pandas as pd

    from polyglot.analysis.further_benchmarks import further_table
    from polyglot.core.files import write_csv

    params = snakemake.params
    read = {}
    for kind in ("outcomes", "verdicts"):
        frames = read[kind] = defaultdict(list)
        for key, path in zip(params[f"of_{kind}"], snakemake.input[kind], strict=True):
            frames[tuple(key)].append(pd.read_parquet(path))
    counts = {"replicates": params.replicates, "confidence": params.confidence, "seed": params.seed}
    write_csv(further_table(read["outcomes"], read["verdicts"], params.benchmarks, **counts), snakemake.output[0])
