"""A recipe's mix of a teacher's usable answers."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_parquet
    from polyglot.synthesis import mix

    answers = {method: pd.read_parquet(path) for method, path in zip(snakemake.params.methods, snakemake.input, strict=True)}
    mixed = mix(
        answers,
        snakemake.wildcards.recipe,
        examples=snakemake.params.examples,
        seed=int(snakemake.wildcards.seed),
    )
    print(f"{len(mixed)} of {snakemake.params.examples} examples:", mixed["method"].value_counts().to_dict())
    write_parquet(mixed, snakemake.output[0])
