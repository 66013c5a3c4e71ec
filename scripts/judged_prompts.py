"""Prompts of the seed dataset that no teacher was asked to respond to."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_parquet
    from polyglot.selection.winning import unasked_prompts

    asked = {one for path in snakemake.input.requests for ids in pd.read_parquet(path)["sources"] for one in ids}
    seeds = pd.read_parquet(snakemake.input.seed)
    found = unasked_prompts(seeds, asked, count=snakemake.params.prompts, seed=snakemake.params.seed)
    print(f"{len(found)} prompts, {found['asked'].sum()} of which teachers were asked")
    write_parquet(found, snakemake.output[0])
