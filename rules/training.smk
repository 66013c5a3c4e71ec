# Students: a base fine-tuned on a training set.
rule check_base:
    """Whether a base can be fine-tuned: its tokenizer, chat template and context, before a GPU is held."""
    input:
        base=lambda wildcards: model_folder(wildcards.base),
        chat_template=lambda wildcards: chat_template_file(wildcards.base),
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
        training=STUDY.training.model_dump(include={"max_length", "loss"}),
    message:
        "Check the base {wildcards.base}"
    script:
        "../scripts/training/check_base.py"


rule student:
    """A base fine-tuned on a teacher's data."""
    input:
        data="results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
        base=lambda wildcards: model_folder(wildcards.base),
        chat_template=lambda wildcards: chat_template_file(wildcards.base),
        checked=check_file(rules.check_base.output[0], "base"),
    output:
        directory("results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}"),
    log:
        "results/{study}/logs/student/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/student/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        chosen_environment(STUDY.training.trainer)
    threads: threads_of(fine_tuning)
    resources:
        **asked(fine_tuning),
    params:
        training=STUDY.training.model_dump(mode="json"),
        checkpoints=lambda wildcards: f"{RESULTS}/unfinished/students/{'/'.join(wildcards[1:])}",
    message:
        "Fine-tune {wildcards.base} on {wildcards.recipe}/{wildcards.teacher}/{wildcards.lang}"
    script:
        "../scripts/training/student.py"
