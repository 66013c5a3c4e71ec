"""A base fine-tuned on a teacher's data."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.configuration import Training
    from polyglot.students import fine_tune

    summary = fine_tune(
        Path(snakemake.input.base),
        pd.read_parquet(snakemake.input.data),
        Path(snakemake.output[0]),
        Training(**snakemake.params.training),
        seed=int(snakemake.wildcards.seed),
        checkpoints=Path(snakemake.params.checkpoints),
    )
    print(summary)
