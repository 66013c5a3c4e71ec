"""Rendered chat requests of every method in a language."""

from polyglot.workflow.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.synthesis.draws import Draw
    from polyglot.synthesis.methods.base import for_method, short_enough
    from polyglot.synthesis.requests import draw_requests

    params = snakemake.params
    templates = PromptTemplates(Path(snakemake.input.templates[0]).parent)
    seeds = {"translate": pd.read_parquet(snakemake.input.source)}
    own = pd.read_parquet(snakemake.input.seed)
    for method, path in zip(params.methods, snakemake.output, strict=True):
        chosen = seeds.get(method, own)
        chosen = chosen[for_method(chosen, method) & short_enough(chosen, method, longest=params.longest, shots=params.shots)]
        requests = draw_requests(
            Draw.parse(snakemake.wildcards.seed),
            method,
            snakemake.wildcards.lang,
            params.language,
            chosen,
            templates,
            requests=params.requests,
            shots=params.shots,
        )
        write_parquet(requests, path)
