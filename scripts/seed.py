"""The seed dataset of a language, checked and sampled."""

from polyglot.job import running

with running(snakemake):
    from polyglot.files import write_parquet
    from polyglot.seeds import read_seed_file, sample_seeds

    seeds = read_seed_file(snakemake.input.seeds, snakemake.wildcards.lang, set(snakemake.params.known_languages))
    sample = sample_seeds(seeds, snakemake.params.max_prompts, snakemake.params.seed)
    print(f"{snakemake.input.seeds}: {len(seeds)} prompts, {len(sample)} taken")
    write_parquet(sample, snakemake.output[0])
