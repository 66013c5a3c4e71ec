# Routing (PerSyn): each prompt to one of several teachers, as a teacher whose data come from many.
rule calibration:
    """Reward of every teacher's answer to the calibration prompts, for one student base."""
    input:
        requests=calibration_requests(),
        answers=calibration_files("synthetic/{teacher}/{lang}/{method}/{seed}.parquet"),
        quality=calibration_files(
            f"intrinsic/{WHOLE}/{{teacher}}/{{lang}}/{{seed}}/reward.parquet"
        ),
        learnability=calibration_files(
            f"intrinsic/{WHOLE}/{{teacher}}/{{lang}}/{{seed}}/perplexity/{{base}}.parquet"
        ),
    output:
        "results/{study}/routing/routers/{base}/calibration.parquet",
    log:
        "results/{study}/logs/calibration/{base}.log",
    benchmark:
        "results/{study}/benchmarks/calibration/{base}.tsv"
    wildcard_constraints:
        base=one_of(ROUTED_BASES),
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        alpha=STUDY.routing.alpha,
        held_out=STUDY.routing.held_out,
        seed=STUDY.routing.seed,
        measured=calibration_pairs(),
    message:
        "Rewards of the calibration prompts for {wildcards.base}"
    script:
        "../scripts/routing/calibration.py"


rule router:
    """A model that predicts from the prompt alone which teacher a student base learns most from."""
    input:
        calibration=rules.calibration.output[0],
        start=lambda wildcards: model_folder(router_model(wildcards.base)),
    output:
        router=directory("results/{study}/routing/routers/{base}/router"),
        judged="results/{study}/routing/routers/{base}/judged.parquet",
    log:
        "results/{study}/logs/router/{base}.log",
    benchmark:
        "results/{study}/benchmarks/router/{base}.tsv"
    wildcard_constraints:
        base=one_of(ROUTED_BASES),
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(training_router)
    resources:
        **asked(training_router),
    params:
        routing=STUDY.routing.model_dump(mode="json"),
        teachers=STUDY.routed_among,
        checkpoints=lambda wildcards: f"{RESULTS}/unfinished/routers/{wildcards.base}",
    message:
        "Train the router of {wildcards.base}"
    script:
        "../scripts/routing/router.py"


rule assign:
    """A teacher for every prompt."""
    input:
        unpack(assignment_inputs),
    output:
        "results/{study}/routing/assignments/{routed}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/assign/{routed}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/assign/{routed}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(assigning)
    resources:
        **asked(assigning),
    params:
        strategy=lambda wildcards: ROUTED[wildcards.routed].strategy,
        teachers=STUDY.routed_among,
        strength=lambda wildcards: strongest_first(wildcards.routed),
        alpha=STUDY.routing.alpha,
        batch_size=STUDY.routing.batch_size,
        seed=STUDY.routing.seed,
        measured=lambda wildcards: [
            [name, wildcards.lang] for name in STUDY.routed_among
        ],
    message:
        "Teachers of {wildcards.routed} for prompts in {wildcards.lang}"
    script:
        "../scripts/routing/assign.py"


rule assigned_requests:
    """The prompts of each teacher: the only ones that it answers."""
    input:
        assigned=rules.assign.output[0],
        requests=rules.render_requests.output,
    output:
        expand(
            "results/{{study}}/routing/requests/{{routed}}/{teacher}/{{lang}}/{method}/{{seed}}.parquet",
            teacher=STUDY.routed_among,
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/assigned_requests/{routed}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/assigned_requests/{routed}/{lang}/{seed}.tsv"
    wildcard_constraints:
        routed=one_of(ASKING),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=STUDY.routed_among,
    message:
        "Share out the prompts of {wildcards.routed} in {wildcards.lang}"
    script:
        "../scripts/routing/assigned_requests.py"


use rule synthesize as synthesize_assigned with:
    input:
        requests=expand(
            "results/{{study}}/routing/requests/{{routed}}/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
        model=lambda wildcards: model_folder(wildcards.teacher),
        chat_template=lambda wildcards: chat_template_file(wildcards.teacher),
        checked=check_file(rules.check_requests.output[0], "teacher"),
    output:
        expand(
            "results/{{study}}/routing/answers/{{routed}}/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize_assigned/{routed}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize_assigned/{routed}/{teacher}/{lang}/{seed}.tsv"
    params:
        teacher=lambda wildcards: model_entry(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        side_file=lambda wildcards: (
            f"results/{wildcards.study}/unfinished/answers-assigned/{wildcards.routed}/"
            f"{wildcards.teacher}/{wildcards.lang}/{wildcards.seed}.jsonl"
        ),
    message:
        "{wildcards.teacher} answers its prompts of {wildcards.routed} in {wildcards.lang}"


use rule synthesize_assigned as ask_endpoint_assigned with:
    wildcard_constraints:
        teacher=one_of(ENDPOINT_TEACHERS),


if CLUSTER is not None and not CLUSTER.network:

    localrules:
        ask_endpoint_assigned,


rule gather:
    """The answers of every prompt's own teacher, as the answers of one."""
    input:
        assigned=rules.assign.output[0],
        requests=rules.render_requests.output,
        answers=gathered_answers,
    output:
        expand(
            "results/{{study}}/answers/{{routed}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/gather/{routed}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/gather/{routed}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        sources=lambda wildcards: [
            list(source) for source in gathered_from(wildcards.routed)
        ],
    message:
        "Gather the answers for {wildcards.routed} in {wildcards.lang}"
    script:
        "../scripts/routing/gather.py"


rule routing:
    """How routed teachers choose, and what their data cost."""
    input:
        calibration=lambda wildcards: expand(
            f"{RESULTS}/routing/routers/{{base}}/calibration.parquet",
            base=routed_bases(wildcards.experiment),
        ),
        judged=lambda wildcards: expand(
            f"{RESULTS}/routing/routers/{{base}}/judged.parquet",
            base=routed_bases(wildcards.experiment, "router"),
        ),
        assigned=lambda wildcards: [
            f"{RESULTS}/routing/assignments/{'/'.join(cell)}.parquet"
            for cell in assigned_cells(wildcards.experiment)
        ],
    output:
        quality="results/{study}/analysis/{experiment}_quality.csv",
        shares="results/{study}/analysis/{experiment}_shares.csv",
        generations="results/{study}/analysis/{experiment}_generations.csv",
    log:
        "results/{study}/logs/routing/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/routing/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        bases=lambda wildcards: routed_bases(wildcards.experiment),
        with_router=lambda wildcards: routed_bases(wildcards.experiment, "router"),
        cells=lambda wildcards: assigned_cells(wildcards.experiment),
        single=lambda wildcards: single_teachers(wildcards.experiment),
        routed=lambda wildcards: routed_facts(wildcards.experiment),
        teachers=STUDY.routed_among,
        requests=STUDY.synthesis.requests * len(STUDY.methods),
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Routing in experiment {wildcards.experiment}"
    script:
        "../scripts/routing/routing.py"
