# Publishing: synthetic sets as data set folders with data cards, and model cards of the students.
from polyglot.publishing.facts import TRAIN, set_facts, student_facts


rule data_set:
    """A synthetic set as a folder for `datasets.load_dataset`, with its data card."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        answers=training_sets.files,
        diversity="results/{study}/intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet",
        reward=publishing.rewards,
        metrics=metrics.of_set,
        cells=publishing.scored(paths.CELLS, "recipe", "teacher", "lang"),
        gaps=publishing.scored(paths.GAPS, "recipe", "teacher", "lang"),
        template="report/data_card.md.jinja",
    output:
        data=f"results/{{study}}/published/data/{{recipe}}/{{teacher}}/{{lang}}/{{seed}}/{TRAIN}",
        card="results/{study}/published/data/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/data_set/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/data_set/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: set_facts(
            STUDY, REGISTRIES, **publishing.of_set(wildcards)
        ),
        variables=REGISTRIES.keys,
    message:
        "Publish {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/publishing/data_set.py"


rule model_card:
    """The model card of a student."""
    input:
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
        outcomes=publishing.outcomes,
        base=publishing.base_outcomes,
        reference=publishing.reference_outcomes,
        cells=publishing.scored(paths.CELLS, "base", "recipe", "teacher", "lang"),
        gaps=publishing.scored(paths.GAPS, "base", "recipe", "teacher", "lang"),
        template="report/model_card.md.jinja",
    output:
        "results/{study}/published/students/{base}/{recipe}/{teacher}/{lang}/{seed}/README.md",
    log:
        "results/{study}/logs/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/model_card/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: True
    conda:
        "../envs/locked/transformers.yaml"
    resources:
        login=1,
    params:
        facts=lambda wildcards: student_facts(
            STUDY, REGISTRIES, **publishing.of_student(wildcards)
        ),
        variables=REGISTRIES.keys,
    message:
        "Model card of {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/publishing/model_card.py"


rule publish:
    input:
        targets.publishing(),
