"""Rendered chat requests of every method in a language."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.files import write_parquet
    from polyglot.prompts import PromptTemplates
    from polyglot.synthesis import build_requests

    templates = PromptTemplates(Path(snakemake.input.templates[0]).parent)
    seeds = {"translate": pd.read_parquet(snakemake.input.source)}
    own = pd.read_parquet(snakemake.input.seed)
    for method, path in zip(snakemake.params.methods, snakemake.output, strict=True):
        requests = build_requests(
            method,
            snakemake.wildcards.lang,
            snakemake.params.language,
            seeds.get(method, own),
            templates,
            count=snakemake.params.requests,
            shots=snakemake.params.shots,
            seed=int(snakemake.wildcards.seed),
        )
        write_parquet(requests, path)
