# Evaluation with lighteval: all benchmarks of a model and language in one start.


rule benchmark:
    """A benchmark's items in a language, from its own files on the hub."""
    input:
        f"{hub.folder}/datasets/{{benchmark}}",
    output:
        directory("results/{study}/tasks/{benchmark}/{lang}"),
    log:
        "results/{study}/logs/benchmark/{benchmark}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/benchmark/{benchmark}/{lang}.tsv"
    wildcard_constraints:
        benchmark=one_of(evaluation.from_the_hub),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        facts=evaluation.facts,
    message:
        "Items of {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../scripts/evaluation/benchmark.py"


rule lighteval_task:
    """The data of a task of lighteval in a language, as far as the task reads them."""
    input:
        evaluation.lighteval_data,
    output:
        directory("results/{study}/tasks/{benchmark}/{lang}"),
    log:
        "results/{study}/logs/lighteval_task/{benchmark}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/lighteval_task/{benchmark}/{lang}.tsv"
    wildcard_constraints:
        benchmark=one_of(evaluation.of_lighteval),
    conda:
        "../envs/locked/lighteval.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        task=evaluation.lighteval_task,
    message:
        "Items of lighteval's {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../scripts/evaluation/lighteval_task.py"


rule evaluate_student:
    """Per-example outcomes of a student on every benchmark."""
    input:
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
        chat_template=[],
        tasks=evaluation.folders,
    output:
        "results/{study}/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/evaluate_student/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_student/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/lighteval.yaml"
    threads: threads_of("evaluate_student")
    resources:
        **asked("evaluate_student"),
    params:
        evaluation=evaluation.settings,
        facts=evaluation.facts_of_language,
        plain=False,
        side_file="results/{study}/unfinished/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    message:
        "Evaluate the student of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/evaluation/evaluate_model.py"


rule check_anchor:
    """Whether an external model accepts the benchmarks' questions: tokenizer, template and context, checked without a GPU."""
    input:
        model=lambda wildcards: models.folder(wildcards.model),
        chat_template=models.anchor_template,
    output:
        "results/{study}/checks/anchors/{model}.json",
    log:
        "results/{study}/logs/check_anchor/{model}.log",
    benchmark:
        "results/{study}/benchmarks/check_anchor/{model}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        model=lambda wildcards: models.settings(wildcards.model),
        shots=evaluation.most_shots(),
        room=STUDY.evaluation.longest_answer,
        plain=lambda wildcards: models.pretrained(wildcards.model),
    message:
        "Check {wildcards.model} against the benchmarks"
    script:
        "../scripts/evaluation/check_anchor.py"


rule evaluate_anchor:
    """Per-example outcomes of a base or a reference, to compare students with."""
    input:
        model=lambda wildcards: models.folder(wildcards.model),
        chat_template=models.anchor_template,
        tasks=evaluation.folders,
        checked=ancient(models.anchor_check),
    output:
        "results/{study}/evaluation/anchors/{model}/{lang}.parquet",
    log:
        "results/{study}/logs/evaluate_anchor/{model}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_anchor/{model}/{lang}.tsv"
    conda:
        "../envs/locked/lighteval.yaml"
    threads: threads_of("evaluate_anchor")
    resources:
        **asked("evaluate_anchor"),
    params:
        evaluation=evaluation.settings,
        facts=evaluation.facts_of_language,
        plain=lambda wildcards: models.pretrained(wildcards.model),
        side_file="results/{study}/unfinished/evaluation/anchors/{model}/{lang}.parquet",
    message:
        "Evaluate {wildcards.model} in {wildcards.lang}"
    script:
        "../scripts/evaluation/evaluate_model.py"


include: "judging.smk"
