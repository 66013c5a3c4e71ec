"""Each text's mean cosine distance to all others of its training set."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    import numpy as np
    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.core.files import write_parquet
    from polyglot.engines.embedding import open_embedder
    from polyglot.intrinsic.diversity import distances_to_others
    from polyglot.registry.models import Model, local_folder

    data = pd.read_parquet(snakemake.input.data)
    data = data.assign(prompt_distance=np.nan, response_distance=np.nan)
    if len(data) >= MIN_EXAMPLES:
        model = Model(**snakemake.params.model).operated(snakemake.config["operation"][snakemake.params.name])
        folder = local_folder(model, snakemake.input.model)
        embedder = open_embedder(folder, model, batch_size=snakemake.params.batch_size)
        for field in ("prompt", "response"):
            embeddings = embedder.embed(list(data[field]), title=f"embed {field}s")
            data[f"{field}_distance"] = distances_to_others(embeddings)
    write_parquet(data[["id", "prompt_distance", "response_distance"]], snakemake.output[0])
