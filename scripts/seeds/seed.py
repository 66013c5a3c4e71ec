"""The seed dataset of a language, checked and sampled."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_parquet
    from polyglot.seeds.seed_files import read_seed_dataset, sample_seeds

    known = set(snakemake.params.known_languages)
    turns = snakemake.params.get("turns", "first")
    seeds, counts = read_seed_dataset(map(Path, snakemake.input), snakemake.wildcards.lang, known, turns)
    sample = sample_seeds(seeds, snakemake.params.max_prompts, snakemake.params.seed)
    for path, count in counts.items():
        print(f"{path}: {count:,} prompts")
    print(f"total {len(seeds):,} without duplicates, {len(sample):,} used")
    if turns == "all":
        print(f"{int((sample['history'] != '').sum()):,} continue a conversation or have a system turn")
    write_parquet(sample, snakemake.output[0])
