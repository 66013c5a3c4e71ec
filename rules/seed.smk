# The seed dataset: prompts (and responses) that people wrote, in one schema.
rule seed:
    """The seed dataset of a language, checked and sampled."""
    input:
        seeds=lambda wildcards: STUDY.seed_dataset.files.get(
            wildcards.lang, f"{NANO}/seed/{wildcards.lang}.parquet"
        ),
    output:
        "results/{study}/seed/{lang}.parquet",
    log:
        "results/{study}/logs/seed/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/seed/{lang}.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        known_languages=sorted(REGISTRIES.languages),
        max_prompts=STUDY.seed_dataset.max_prompts,
        seed=STUDY.seed_dataset.seed,
    message:
        "Seed dataset in {wildcards.lang}"
    script:
        "../scripts/seed.py"
