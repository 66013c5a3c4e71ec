"""The seed dataset of a language, checked and sampled."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_parquet
    from polyglot.seeds.seed_files import read_seed_dataset, sample_seeds

    known = set(snakemake.params.known_languages)
    seeds, counts = read_seed_dataset(map(Path, snakemake.input), snakemake.wildcards.lang, known)
    sample = sample_seeds(seeds, snakemake.params.max_prompts, snakemake.params.seed)
    for path, count in counts.items():
        print(f"{path}: {count:,} prompts")
    print(f"total {len(seeds):,} without duplicates, {len(sample):,} used")
    write_parquet(sample, snakemake.output[0])
