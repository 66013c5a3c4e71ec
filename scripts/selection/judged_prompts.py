"""Seed prompts for the win rate, preferably outside all training sets."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.selection.duels import unseen_prompts

    trained = {prompt for path in snakemake.input.data for prompt in pd.read_parquet(path)["prompt"]}
    seeds = pd.read_parquet(snakemake.input.seed)
    found = unseen_prompts(seeds, trained, count=snakemake.params.prompts, seed=snakemake.params.seed)
    print(f"{len(found)} prompts, {found['trained'].sum()} of them in training sets")
    write_parquet(found, snakemake.output[0])
