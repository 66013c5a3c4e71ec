"""An encoder that places a good response near its instruction."""

from polyglot.workflow.job import running

with running(snakemake, environment="embedding"):
    from pathlib import Path

    import pandas as pd

    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.quality_model import train_quality_model
    from polyglot.selection.settings import Selection

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
