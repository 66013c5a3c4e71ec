"""The subset of a user's own data that a rule selects."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.engines.embedding import open_embedder
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.clustering import cluster, text_of
    from polyglot.selection.own import read_samples
    from polyglot.selection.rules import select

    params = snakemake.params
    data, left_out = read_samples(Path(snakemake.input.data))
    data = data.merge(pd.read_parquet(snakemake.input.quality), on="id", validate="one_to_one")
    model = Model(**params.model).operated(snakemake.config["operation"][params.name])
    embedder = open_embedder(local_folder(model, snakemake.input.model), model, batch_size=params.batch_size)
    data["cluster"] = cluster(embedder.embed(text_of(data), title="embed samples"), params.seed)
    rows = select(
        list(data["id"]),
        data["quality"].to_numpy(dtype=float),
        data["cluster"].to_numpy(),
        rule=params.rule,
        size=params.examples,
        ratio=params.ratio,
        seed=params.seed,
    )
    taken = data.iloc[rows].reset_index(drop=True)
    print(f"{len(taken)} of {len(data)} samples, {taken['cluster'].nunique()} of {data['cluster'].nunique()} clusters")
    print(f"left out, without a prompt or response: {left_out}")
    write_parquet(taken, snakemake.output[0])
