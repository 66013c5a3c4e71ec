"""A teacher for every prompt."""

from polyglot.workflow.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.routing.assignment import assignments
    from polyglot.routing.strategies import choose

    requests = pd.concat([pd.read_parquet(path) for path in snakemake.input.requests], ignore_index=True)
    chosen = choose(requests, snakemake.input, **dict(snakemake.params.items()))
    print(pd.Series(chosen).value_counts().to_dict())
    write_parquet(assignments(requests, chosen), snakemake.output[0])
