"""The prompts assigned to each teacher."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet

    assigned = pd.read_parquet(snakemake.input.assigned)
    requests = [pd.read_parquet(path) for path in snakemake.input.requests]
    outputs = iter(snakemake.output)
    for teacher in snakemake.params.teachers:
        own = set(assigned.loc[assigned["teacher"] == teacher, "request_id"])
        for asked in requests:
            write_parquet(asked[asked["request_id"].isin(own)].reset_index(drop=True), next(outputs))
        print(f"{teacher}: {len(own)} of {len(assigned)} prompts")
