"""Rendered chat requests of every method in a language."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.synthesis.draws import Draw
    from polyglot.synthesis.methods.base import METHODS
    from polyglot.synthesis.requests import draw_requests, usable_rows, without_shots

    params = snakemake.params
    templates = PromptTemplates(Path(snakemake.input.templates[0]).parent)
    seeds = {"target": pd.read_parquet(snakemake.input.seed), "source": pd.read_parquet(snakemake.input.source)}
    for method, path in zip(params.methods, snakemake.output, strict=True):
        rows = seeds[METHODS[method].seeds]
        if without_shots(rows, method):
            print(f"{method}: no seed row has a response, so requests have no shots: they show prompts alone")
        requests = draw_requests(
            Draw.parse(snakemake.wildcards.seed),
            method,
            snakemake.wildcards.lang,
            params.language,
            usable_rows(rows, method, longest=params.longest, shots=params.shots),
            templates,
            requests=params.requests,
            shots=params.shots,
        )
        write_parquet(requests, path)
