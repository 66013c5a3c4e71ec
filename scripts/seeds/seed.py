"""The seed dataset of a language, checked and sampled."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.seeds.seed_files import read_seed_file, sample_seeds

    known = set(snakemake.params.known_languages)
    parts = [read_seed_file(Path(path), snakemake.wildcards.lang, known) for path in snakemake.input]
    seeds = pd.concat(parts, ignore_index=True).drop_duplicates("id", ignore_index=True)
    sample = sample_seeds(seeds, snakemake.params.max_prompts, snakemake.params.seed)
    for path, part in zip(snakemake.input, parts, strict=True):
        print(f"{path}: {len(part):,} prompts")
    print(f"total {len(seeds):,} without duplicates, {len(sample):,} used")
    write_parquet(sample, snakemake.output[0])
