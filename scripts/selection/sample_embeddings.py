"""An embedding of every sample of a whole set."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from polyglot.engines.embedding import open_embedder
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.embeddings import text_of, write_embeddings

    params = snakemake.params
    data, embeddings = pd.read_parquet(snakemake.input.data), np.empty((0, 1), dtype=np.float32)
    if len(data):
        model = Model(**params.model).operated(snakemake.config["operation"][params.name])
        embedder = open_embedder(local_folder(model, snakemake.input.model), model, batch_size=params.batch_size)
        embeddings = embedder.embed(text_of(data), title="embed samples")
    write_embeddings(list(data["id"]), embeddings, Path(snakemake.output[0]))
