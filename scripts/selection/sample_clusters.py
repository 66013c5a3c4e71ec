"""The cluster of every sample of a whole set, or of the sets of all languages together."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.engines.embedding import open_embedder
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.clustering import cluster, text_of

    params = snakemake.params
    data = pd.concat(
        [pd.read_parquet(path).assign(lang=lang) for path, lang in zip(snakemake.input.data, params.languages, strict=True)],
        ignore_index=True,
    )
    found = data[["id", "lang"]].assign(cluster=0)
    if len(data):
        model = Model(**params.model).operated(snakemake.config["operation"][params.name])
        embedder = open_embedder(local_folder(model, snakemake.input.model), model, batch_size=params.batch_size)
        found["cluster"] = cluster(embedder.embed(text_of(data), title="embed samples"), params.seed)
    print(f"{len(found)} samples in {found['cluster'].nunique()} clusters")
    write_parquet(found, snakemake.output[0])
