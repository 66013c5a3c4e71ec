# The seed dataset: human-written prompts (and responses), in one schema.
rule seed:
    """The seed dataset of a language, checked and sampled."""
    input:
        seeds.files,
    output:
        "results/{study}/seed/{lang}.parquet",
    log:
        "results/{study}/logs/seed/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/seed/{lang}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        **STUDY.seed_dataset.reading,
        known_languages=sorted(REGISTRIES.languages),
        max_prompts=STUDY.seed_dataset.max_prompts,
        seed=STUDY.seed_dataset.seed,
    message:
        "Seed dataset in {wildcards.lang}"
    script:
        "../scripts/seeds/seed.py"


rule source:
    """The seed rows of a public data set in a language, and why others were dropped."""
    input:
        folder=lambda wildcards: hub.source_folder(wildcards.source),
        published=ancient("config/published/table06_seed_sizes.csv"),
    output:
        rows="results/{study}/sources/{source}/{lang}.parquet",
        counts="results/{study}/sources/{source}/{lang}.csv",
    log:
        "results/{study}/logs/source/{source}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/source/{source}/{lang}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("source")
    resources:
        **asked("source"),
    params:
        **STUDY.seed_dataset.reading,
        source=seeds.source,
        published=seeds.published,
        most=seeds.most,
        seed=STUDY.seed_dataset.seed,
    message:
        "Source {wildcards.source} in {wildcards.lang}"
    script:
        "../scripts/seeds/source.py"


rule seed_sources:
    """Row counts by outcome for every source, with the published counts."""
    input:
        seeds.counts(),
    output:
        f"{RESULTS}/analysis/seed_sources.csv",
    log:
        f"{RESULTS}/logs/seed_sources.log",
    benchmark:
        f"{RESULTS}/benchmarks/seed_sources.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    message:
        "Sources of the seed dataset"
    script:
        "../scripts/seeds/seed_sources.py"
