"""An encoder in which a good response lies near its instruction."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.configuration import Selection
    from polyglot.registry import Model, local_folder
    from polyglot.selection.quality import train_quality_model

    triplets = pd.read_parquet(snakemake.input.triplets)
    model = Model(**snakemake.params.model)
    summary = train_quality_model(
        local_folder(model, snakemake.input.start),
        triplets[~triplets["held_out"]],
        Path(snakemake.output[0]),
        Selection(**snakemake.params.selection),
        model=model,
        checkpoints=Path(snakemake.params.checkpoints),
    )
    print(summary)
