# Routing (PerSyn): each prompt goes to one of several teachers; the result is a teacher with data from several.
rule calibration:
    """Reward of every teacher's answer to the calibration prompts, for one student base."""
    input:
        requests=routing.calibration_requests(),
        answers=routing.calibration_files(paths.SYNTHETIC),
        quality=routing.calibration_quality,
        seeds=routing.references(),
        learnability=routing.calibration_files(paths.PERPLEXITY, recipe=WHOLE),
    output:
        "results/{study}/routing/routers/{base}/calibration.parquet",
    log:
        "results/{study}/logs/calibration/{base}.log",
    benchmark:
        "results/{study}/benchmarks/calibration/{base}.tsv"
    wildcard_constraints:
        base=one_of(STUDY.routed_bases),
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        alpha=STUDY.routing.alpha,
        held_out=STUDY.routing.held_out,
        seed=STUDY.routing.seed,
        measured=routing.calibration_pairs(),
        quality=STUDY.routing.quality,
    message:
        "Rewards of the calibration prompts for {wildcards.base}"
    script:
        "../scripts/routing/calibration.py"


rule router:
    """A model that predicts, from the prompt alone, which teacher benefits a student base most."""
    input:
        calibration=rules.calibration.output[0],
        start=lambda wildcards: models.folder(routing.model(wildcards.base)),
    output:
        router=directory("results/{study}/routing/routers/{base}/router"),
        judged="results/{study}/routing/routers/{base}/judged.parquet",
    log:
        "results/{study}/logs/router/{base}.log",
    benchmark:
        "results/{study}/benchmarks/router/{base}.tsv"
    wildcard_constraints:
        base=one_of(STUDY.routed_bases),
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("router")
    resources:
        **asked("router"),
    params:
        routing=STUDY.routing.model_dump(mode="json", exclude={"quality"}),
        teachers=STUDY.routed_among,
        checkpoints="results/{study}/unfinished/routers/{base}",
    message:
        "Train the router of {wildcards.base}"
    script:
        "../scripts/routing/router.py"


rule assign:
    """A teacher for every prompt."""
    input:
        unpack(routing.assignment_files),
    output:
        "results/{study}/routing/assignments/{routed}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/assign/{routed}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/assign/{routed}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/transformers.yaml"
    threads: threads_of("assign")
    resources:
        **asked("assign"),
    params:
        strategy=routing.strategy,
        teachers=STUDY.routed_among,
        strength=routing.strength,
        alpha=STUDY.routing.alpha,
        batch_size=STUDY.routing.batch_size,
        seed=STUDY.routing.seed,
        measured=routing.measured,
        quality=STUDY.routing.quality,
    message:
        "Teachers of {wildcards.routed} for prompts in {wildcards.lang}"
    script:
        "../scripts/routing/assign.py"


rule assigned_requests:
    """The prompts assigned to each teacher."""
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
        routed=one_of(routing.asking),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=STUDY.routed_among,
    message:
        "Assign the prompts of {wildcards.routed} in {wildcards.lang}"
    script:
        "../scripts/routing/assigned_requests.py"


use rule synthesize as synthesize_assigned with:
    input:
        requests=expand(
            "results/{{study}}/routing/requests/{{routed}}/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
        model=lambda wildcards: models.folder(wildcards.teacher),
        chat_template=lambda wildcards: models.chat_template(wildcards.teacher),
        checked=ancient(models.requests_check),
    output:
        expand(
            "results/{{study}}/routing/answers/{{routed}}/{{teacher}}/{{lang}}/{method}/{{seed}}.parquet",
            method=STUDY.methods,
        ),
    log:
        "results/{study}/logs/synthesize_assigned/{routed}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/synthesize_assigned/{routed}/{teacher}/{lang}/{seed}.tsv"
    threads: threads_of("synthesize_assigned")
    resources:
        **asked("synthesize_assigned"),
    params:
        teacher=lambda wildcards: models.settings(wildcards.teacher),
        batch_size=STUDY.synthesis.batch_size,
        reading=STUDY.synthesis.reading,
        retries=STUDY.synthesis.retries,
        side_file="results/{study}/unfinished/answers-assigned/{routed}/{teacher}/{lang}/{seed}.jsonl",
    message:
        "{wildcards.teacher} answers its prompts of {wildcards.routed} in {wildcards.lang}"


use rule synthesize_assigned as ask_endpoint_assigned with:
    wildcard_constraints:
        teacher=one_of(models.endpoint_teachers),


if ASKED_HERE:

    localrules:
        ask_endpoint_assigned,


rule gather:
    """The answers of each prompt's assigned teacher, combined as one teacher's answers."""
    input:
        assigned=rules.assign.output[0],
        requests=rules.render_requests.output,
        answers=routing.gathered_answers,
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
        sources=routing.gathered_from,
    message:
        "Gather the answers for {wildcards.routed} in {wildcards.lang}"
    script:
        "../scripts/routing/gather.py"


rule routing:
    """Routing quality of routed teachers, and the cost of their data."""
    input:
        calibration=routing.calibrations,
        judged=routing.judged,
        assigned=routing.assignments,
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
        bases=routing.bases,
        with_router=routing.bases_with_router,
        cells=routing.assigned_cells,
        single=routing.single,
        routed=routing.facts,
        teachers=STUDY.routed_among,
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Routing in experiment {wildcards.experiment}"
    script:
        "../scripts/routing/routing.py"


rule route:
    input:
        targets.asked_by("route"),
