# Students: a base fine-tuned on a training set.
rule check_base:
    """Whether a base can be fine-tuned: its tokenizer, chat template and context, checked without a GPU."""
    input:
        base=lambda wildcards: models.folder(wildcards.base),
        chat_template=lambda wildcards: models.chat_template(wildcards.base),
    output:
        "results/{study}/checks/bases/{base}.json",
    log:
        "results/{study}/logs/check_base/{base}.log",
    benchmark:
        "results/{study}/benchmarks/check_base/{base}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        training=STUDY.training.checked,
    message:
        "Check the base {wildcards.base}"
    script:
        "../scripts/training/check_base.py"


rule student:
    """A base fine-tuned on a teacher's data."""
    input:
        data=training_sets.of_student,
        base=lambda wildcards: models.folder(wildcards.base),
        chat_template=lambda wildcards: models.chat_template(wildcards.base),
        checked=ancient(models.base_check),
    output:
        directory("results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}"),
    log:
        "results/{study}/logs/student/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/student/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        environment(STUDY.training.trainer)
    threads: threads_of("student")
    resources:
        **asked("student"),
    params:
        training=STUDY.training.recorded,
        checkpoints="results/{study}/unfinished/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
    message:
        "Fine-tune {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/training/student.py"
