# Synthesis: requests, answers, training sets.
rule render_requests:
    """Rendered chat requests of every method: the same for every teacher."""
    input:
        seed="results/{study}/seed/{lang}.parquet",
        source=f"results/{{study}}/seed/{TRANSLATE_FROM}.parquet",
        templates=expand(
            f"{STUDY.synthesis.prompts}/{{template}}.jinja",
            template=["system", *STUDY.methods],
        ),
    output:
        expand(
            "results/{{study}}/requests/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/render_requests/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/render_requests/{lang}/{seed}.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        methods=STUDY.methods,
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
        requests=STUDY.synthesis.requests,
        shots=STUDY.synthesis.shots,
    message:
        "Requests in {wildcards.lang}, seed {wildcards.seed}"
    script:
        "../scripts/render_requests.py"


rule synthesize:
    """A teacher's raw answers in a language: all methods in one engine start."""
    input:
        requests=rules.render_requests.output,
        model=lambda wildcards: model_folder(wildcards.teacher),
    output:
        expand(
            "results/{{study}}/answers/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/transformers.yaml"
    params:
        teacher=lambda wildcards: model_entry(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        side_file=lambda wildcards: (
            f"results/{wildcards.study}/unfinished/answers/"
            f"{wildcards.teacher}/{wildcards.lang}/{wildcards.seed}.jsonl"
        ),
    message:
        "{wildcards.teacher} writes {wildcards.lang} data, seed {wildcards.seed}"
    script:
        "../scripts/synthesize.py"


rule check_answers:
    """Every answer with a status: usable, or why not."""
    input:
        requests=rules.render_requests.output,
        answers=rules.synthesize.output,
        tasks=benchmark_folders,
    output:
        expand(
            "results/{{study}}/synthetic/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/check_answers/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/check_answers/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/transformers.yaml"
    params:
        languages=list(REGISTRIES.languages),
        language_confidence=STUDY.synthesis.language_confidence,
    message:
        "Check the answers of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/check_answers.py"


rule training_set:
    """A recipe's mix of a teacher's usable answers."""
    input:
        expand(
            "results/{{study}}/synthetic/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    output:
        "results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/training_set/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/training_set/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        methods=STUDY.methods,
        examples=STUDY.training.examples,
    message:
        "Training set {wildcards.recipe} of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/training_set.py"
