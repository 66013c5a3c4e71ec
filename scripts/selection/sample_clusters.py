"""The cluster of every sample of a whole set, or of the sets of all languages together."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.selection.clustering import cluster
    from polyglot.selection.embeddings import read_embeddings

    params = snakemake.params
    data = pd.concat(
        [pd.read_parquet(path).assign(lang=lang) for path, lang in zip(snakemake.input.data, params.languages, strict=True)],
        ignore_index=True,
    )
    found = data[["id", "lang"]].assign(cluster=cluster(read_embeddings(snakemake.input.embeddings), params.seed))
    print(f"{len(found)} samples in {found['cluster'].nunique()} clusters")
    write_parquet(found, snakemake.output[0])
