# Publishing: synthetic sets as data set folders with data cards, and model cards of the students.
rule data_set:
    """A synthetic set as a folder that `datasets.load_dataset` opens, with its data card."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        answers=recipe_files,
        diversity="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
        reward="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet",
        metrics=lambda wildcards: metric_inputs.set_files(
            STUDY,
            [(wildcards.recipe, wildcards.teacher, wildcards.lang, wildcards.seed)],
        ),
        cells=scored("cells.csv", "recipe", "teacher", "lang"),
        gaps=scored("gaps.csv", "recipe", "teacher", "lang"),
        template="report/data_card.md.jinja",
    output:
        data=f"results/{{study}}/published/data/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/{publishing.TRAIN}",
        card="results/{study}/published/data/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/data_set/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/data_set/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: publishing.set_facts(
            STUDY,
            REGISTRIES,
            **cell_of(wildcards, "recipe", "teacher", "lang", "seed"),
        ),
    message:
        "Publish {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/publishing/data_set.py"


rule model_card:
    """The model card of a student."""
    input:
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
        outcomes="results/{study}/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
        base=anchor_file("base"),
        reference=anchor_file("reference"),
        cells=scored("cells.csv", "base", "recipe", "teacher", "lang"),
        gaps=scored("gaps.csv", "base", "recipe", "teacher", "lang"),
        template="report/model_card.md.jinja",
    output:
        "results/{study}/published/students/{base}/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: publishing.student_facts(
            STUDY,
            REGISTRIES,
            **cell_of(wildcards, "base", "recipe", "teacher", "lang", "seed"),
        ),
    message:
        "Model card of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/publishing/model_card.py"
