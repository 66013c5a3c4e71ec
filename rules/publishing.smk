# Publishing: synthetic sets as data set folders with data cards, and model cards of the students.
from polyglot import cards


def scored_in(cell):
    """The scores folder of the first experiment that has a cell like this (what is not named may be any)."""
    for name in default_experiments():
        for known in measured_cells(name):
            if all(getattr(known, key) == value for key, value in cell.items()):
                return f"{RESULTS}/scores/{name}"
    raise ValueError(f"{cell}: no experiment of this run has such a cell")


def cell_of(wildcards, *keys):
    return {key: wildcards[key] for key in keys}


def scored_set(file):
    return (
        lambda wildcards: f"{scored_in(cell_of(wildcards, 'recipe', 'teacher', 'lang'))}/{file}"
    )


def scored_student(file):
    return (
        lambda wildcards: f"{scored_in(cell_of(wildcards, 'base', 'recipe', 'teacher', 'lang'))}/{file}"
    )


def anchor_file(kind):
    def path(wildcards):
        reference = REGISTRIES.models[wildcards.base].reference
        model = wildcards.base if kind == "base" else reference
        return f"{RESULTS}/evaluation/anchors/{model}/{wildcards.lang}.parquet"

    return path


def published():
    """The folder of every synthetic set and the card of every student."""
    experiments = default_experiments()
    draws = [
        (cell, seed)
        for name in experiments
        for cell in measured_cells(name)
        for seed in MATRICES[name].seeds
    ]
    sets = dict.fromkeys((cell[1:], seed) for cell, seed in draws)
    return [
        *(
            f"{RESULTS}/published/data/{'/'.join(of_set)}/{seed}/README.md"
            for of_set, seed in sets
        ),
        *(
            f"{RESULTS}/published/students/{'/'.join(cell)}/{seed}/README.md"
            for cell, seed in dict.fromkeys(draws)
        ),
    ]


rule data_set:
    """A synthetic set as a folder that `datasets.load_dataset` opens, with its data card."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        answers=recipe_files,
        diversity="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
        reward="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet",
        cells=scored_set("cells.csv"),
        gaps=scored_set("gaps.csv"),
        template="report/data_card.md.jinja",
    output:
        data=f"results/{{study}}/published/data/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/{cards.TRAIN}",
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
        facts=lambda wildcards: cards.set_facts(
            STUDY,
            REGISTRIES,
            **cell_of(wildcards, "recipe", "teacher", "lang", "seed"),
        ),
    message:
        "Publish {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/data_set.py"


rule model_card:
    """The model card of a student."""
    input:
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
        outcomes="results/{study}/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
        base=anchor_file("base"),
        reference=anchor_file("reference"),
        cells=scored_student("cells.csv"),
        gaps=scored_student("gaps.csv"),
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
        facts=lambda wildcards: cards.student_facts(
            STUDY,
            REGISTRIES,
            **cell_of(wildcards, "base", "recipe", "teacher", "lang", "seed"),
        ),
    message:
        "Model card of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/model_card.py"
