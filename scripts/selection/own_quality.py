"""The quality of every sample of a user's own data."""

from polyglot.workflow.job import running

with running(snakemake, environment="embedding"):
    from pathlib import Path

    from polyglot.core.files import write_parquet
    from polyglot.engines.embedding import SentenceTransformersEmbedder
    from polyglot.registry.models import Model
    from polyglot.selection.own import read_samples
    from polyglot.selection.quality_model import score

    data = read_samples(Path(snakemake.input.data)).data
    model = Model(**snakemake.params.model)
    embedder = SentenceTransformersEmbedder(Path(snakemake.input.model), model, snakemake.params.batch_size)
    found = data[["id"]].assign(quality=score(embedder, list(data["prompt"]), list(data["response"])))
    print(found["quality"].describe().to_string())
    write_parquet(found, snakemake.output[0])
