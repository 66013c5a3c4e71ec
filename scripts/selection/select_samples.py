"""The samples of a whole set that a recipe selects."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.selection.embeddings import read_embeddings
    from polyglot.selection.rules import RULES, select
    from polyglot.synthesis.mixing import in_columns

    params, langs, needs = snakemake.params, snakemake.params.languages, RULES[snakemake.params.rule].needs

    def of_pool(paths: list[str]) -> pd.DataFrame:
        return pd.concat([pd.read_parquet(path).assign(lang=lang) for path, lang in zip(paths, langs, strict=True)])

    keys = ["lang", "id"]
    pool = of_pool(snakemake.input.data)
    quality = pool[keys].assign(quality=float("nan"))
    if {"quality", "rewards"} & set(needs):
        quality = of_pool(snakemake.input.quality).rename(columns={"reward": "quality"})[[*keys, "quality"]]
    clusters = pd.read_parquet(snakemake.input.clusters) if "clusters" in needs else pool[keys].assign(cluster=0)
    for known in (quality, clusters):
        pool = pool.merge(known, on=keys, validate="one_to_one")
    rows = select(
        list(pool["lang"] + "/" + pool["id"]),
        pool["quality"].to_numpy(dtype=float),
        pool["cluster"].to_numpy(),
        rule=params.rule,
        size=params.examples * len(langs),
        ratio=params.ratio,
        seed=params.seed,
        embeddings=read_embeddings(snakemake.input.embeddings) if "embeddings" in needs else None,
        weight=params.weight,
        least=params.least,
    )
    taken = pool.iloc[sorted(rows)]
    own = taken[taken["lang"] == snakemake.wildcards.lang]
    covered = f", {own['cluster'].nunique()} of {pool['cluster'].nunique()} clusters" if "clusters" in needs else ""
    print(f"{len(own)} of {len(pool)} samples{covered}")
    write_parquet(in_columns(own).reset_index(drop=True), snakemake.output[0])
