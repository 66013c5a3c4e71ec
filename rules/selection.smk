# Selection (M-DaQ): recipes that select a good and diverse subset of a whole set, and baselines of the same size.
rule triplets:
    """Instructions with a good response and a worse one: a user's pairs, or the micro-world's correct and corrupted answers."""
    input:
        pairs=selection.pairs(),
        lexicons=selection.lexicons(),
    output:
        f"{RESULTS}/selection/triplets.parquet",
    log:
        f"{RESULTS}/logs/triplets.log",
    benchmark:
        f"{RESULTS}/benchmarks/triplets.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        languages=STUDY.nano.languages,
        selection=STUDY.selection.model_dump(
            mode="json", include={"triplets", "wrong_answers", "held_out", "seed"}
        ),
    message:
        "Triplets for the quality model"
    script:
        "../scripts/selection/triplets.py"


rule quality_model:
    """An encoder that places a good response near its instruction."""
    input:
        triplets=rules.triplets.output[0],
        start=models.folder(STUDY.encoder),
    output:
        directory(f"{RESULTS}/selection/quality_model"),
    log:
        f"{RESULTS}/logs/quality_model.log",
    benchmark:
        f"{RESULTS}/benchmarks/quality_model.tsv"
    conda:
        "../envs/locked/embedding.yaml"
    threads: threads_of("quality_model")
    resources:
        **asked("quality_model"),
    params:
        model=models.settings(STUDY.encoder),
        selection=STUDY.selection.model_dump(
            mode="json",
            include={"margin", "epochs", "learning_rate", "batch_size", "seed"},
        ),
        checkpoints=f"{RESULTS}/unfinished/quality_model",
    message:
        "Train the quality model"
    script:
        "../scripts/selection/quality_model.py"


rule quality_validity:
    """How well the quality model separates unseen good and worse responses, compared with the untrained encoder."""
    input:
        triplets=rules.triplets.output[0],
        model=rules.quality_model.output[0],
        start=models.folder(STUDY.encoder),
    output:
        f"{RESULTS}/analysis/quality_model.csv",
    log:
        f"{RESULTS}/logs/quality_validity.log",
    benchmark:
        f"{RESULTS}/benchmarks/quality_validity.tsv"
    conda:
        "../envs/locked/embedding.yaml"
    threads: threads_of("quality_validity")
    resources:
        **asked("quality_validity"),
    params:
        model=models.settings(STUDY.encoder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Validity of the quality model"
    script:
        "../scripts/selection/quality_validity.py"


rule sample_quality:
    """The quality of every sample of a whole set."""
    input:
        data=f"results/{{study}}/sft/{WHOLE}/{{teacher}}/{{lang}}/{{seed}}.parquet",
        model=rules.quality_model.output[0],
    output:
        "results/{study}/selection/quality/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/sample_quality/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/sample_quality/{teacher}/{lang}/{seed}.tsv"
    conda:
        "../envs/locked/embedding.yaml"
    threads: threads_of("sample_quality")
    resources:
        **asked("sample_quality"),
    params:
        model=models.settings(STUDY.encoder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
    message:
        "Quality of the samples of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/selection/sample_quality.py"


rule sample_embeddings:
    """An embedding of every sample of a whole set."""
    input:
        data=f"results/{{study}}/sft/{WHOLE}/{{teacher}}/{{lang}}/{{seed}}.parquet",
        model=models.folder(models.embedder),
    output:
        "results/{study}/selection/embeddings/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/sample_embeddings/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/sample_embeddings/{teacher}/{lang}/{seed}.tsv"
    conda:
        models.embedding_environment(models.embedder)
    threads: threads_of("sample_embeddings")
    resources:
        **asked("sample_embeddings"),
    params:
        name=models.embedder,
        model=models.settings(models.embedder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
    message:
        "Embed the samples of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/selection/sample_embeddings.py"


rule sample_clusters:
    """The cluster of every sample of a whole set, or of the sets of all languages together."""
    input:
        data=selection.pool_files(paths.TRAINING_SET),
        embeddings=selection.pool_files(paths.EMBEDDINGS),
    output:
        "results/{study}/selection/clusters/{teacher}/{pool}/{seed}.parquet",
    log:
        "results/{study}/logs/sample_clusters/{teacher}/{pool}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/sample_clusters/{teacher}/{pool}/{seed}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of("sample_clusters")
    resources:
        **asked("sample_clusters"),
    params:
        languages=selection.languages,
        seed=STUDY.selection.seed,
    message:
        "Clusters of the samples of {wildcards.teacher} in {wildcards.pool}"
    script:
        "../scripts/selection/sample_clusters.py"


rule select_samples:
    """The samples of a whole set that a recipe selects."""
    input:
        data=selection.pool_files(paths.TRAINING_SET),
        quality=selection.quality,
        clusters=selection.grouped,
        embeddings=selection.embedded,
    output:
        "results/{study}/sft/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/select/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/select/{recipe}/{teacher}/{lang}/{seed}.tsv"
    wildcard_constraints:
        recipe=one_of(STUDY.selecting),
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of("select_samples")
    resources:
        **asked("select_samples"),
    params:
        rule=selection.rule,
        languages=selection.languages,
        examples=training_sets.size,
        ratio=STUDY.selection.ratio,
        weight=STUDY.selection.quality_weight,
        least=STUDY.selection.least_reward,
        seed=STUDY.selection.seed,
    message:
        "Select {wildcards.recipe} of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/selection/select_samples.py"


rule own_quality:
    """The quality of every sample of a user's own data."""
    input:
        data=lambda wildcards: STUDY.selection.datasets[wildcards.dataset],
        model=rules.quality_model.output[0],
    output:
        "results/{study}/selection/own/{dataset}.parquet",
    log:
        "results/{study}/logs/own_quality/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/own_quality/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.selection.datasets),
    conda:
        "../envs/locked/embedding.yaml"
    threads: threads_of("own_quality")
    resources:
        **asked("own_quality"),
    params:
        model=models.settings(STUDY.encoder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
    message:
        "Quality of the samples of {wildcards.dataset}"
    script:
        "../scripts/selection/own_quality.py"


rule select_own:
    """The subset of a user's own data that a rule selects: their own rows, in the layout and format of their file."""
    input:
        data=lambda wildcards: STUDY.selection.datasets[wildcards.dataset],
        quality=selection.own_quality,
        model=selection.own_embedder,
    output:
        rows="results/{study}/select/{dataset}.{form}",
        summary="results/{study}/select/{dataset}.{form}.summary.txt",
    log:
        "results/{study}/logs/select_own/{dataset}.{form}.log",
    benchmark:
        "results/{study}/benchmarks/select_own/{dataset}.{form}.tsv"
    wildcard_constraints:
        dataset=one_of(STUDY.selection.datasets),
        form=one_of(selection.own_formats),
    conda:
        models.embedding_environment(models.embedder)
    threads: threads_of("select_own")
    resources:
        **asked("select_own"),
    params:
        name=models.embedder,
        model=models.settings(models.embedder),
        batch_size=STUDY.intrinsic.embedding_batch_size,
        rule=STUDY.selection.rule,
        examples=STUDY.selection.examples,
        ratio=STUDY.selection.ratio,
        weight=STUDY.selection.quality_weight,
        seed=STUDY.selection.seed,
    message:
        "Select from {wildcards.dataset}"
    script:
        "../scripts/selection/select_own.py"


onsuccess:
    print(selection.own_summaries(sys.argv[1:]), end="", file=sys.stderr)


# Win rates: students answer the same prompts, and a judge compares them with the student trained on the whole set.
rule judged_prompts:
    """Seed prompts for the win rate, preferably outside all training sets."""
    input:
        seed="results/{study}/seed/{lang}.parquet",
        data=selection.duelling_sets,
    output:
        "results/{study}/selection/prompts/{lang}.parquet",
    log:
        "results/{study}/logs/judged_prompts/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/judged_prompts/{lang}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        prompts=STUDY.selection.prompts,
        seed=STUDY.selection.seed,
    message:
        "Prompts for win rates in {wildcards.lang}"
    script:
        "../scripts/selection/judged_prompts.py"


rule student_answers:
    """A student's answers to the judged prompts."""
    input:
        prompts=rules.judged_prompts.output[0],
        model="results/{study}/students/{base}/{recipe}/{teacher}/{lang}/{seed}",
    output:
        "results/{study}/selection/answers/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/student_answers/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/student_answers/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    conda:
        lambda wildcards: models.engine_environment(wildcards.base)
    threads: threads_of("student_answers")
    resources:
        **asked("student_answers"),
    params:
        base=lambda wildcards: models.settings(wildcards.base),
        batch_size=STUDY.synthesis.batch_size,
        side_file="results/{study}/unfinished/student_answers/{base}/{recipe}/{teacher}/{lang}/{seed}.jsonl",
    message:
        "The student of {wildcards.recipe}/{wildcards.teacher} answers in {wildcards.lang}"
    script:
        "../scripts/selection/student_answers.py"


rule duels:
    """Whether a judge prefers a student's answers to those of the student trained on the whole set."""
    input:
        answers=rules.student_answers.output[0],
        whole=f"results/{{study}}/selection/answers/{{base}}/{WHOLE}/{{teacher}}/{{lang}}/{{seed}}.parquet",
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        template=models.judge_template("duel"),
        checked=ancient(models.judge_check()),
    output:
        "results/{study}/selection/duels/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/duels/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/duels/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    wildcard_constraints:
        recipe=one_of(STUDY.selecting),
    localrule: JUDGED_HERE
    conda:
        models.engine_environment(models.judge)
    threads: threads_of("duels")
    resources:
        **asked("duels"),
    params:
        reward=STUDY.intrinsic.reward.model_dump(mode="json"),
        model=models.settings(models.judge),
        side_file="results/{study}/unfinished/duels/{base}/{recipe}/{teacher}/{lang}/{seed}.jsonl",
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
    message:
        "Duels of {wildcards.recipe}/{wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/selection/duels.py"


rule selection:
    """Coverage, quality and win rates (against the whole set) of an experiment's selections."""
    input:
        data=experiments.files(paths.TRAINING_SET),
        quality=experiments.files(paths.QUALITY),
        clusters=selection.clusters_of_cells,
        duels=selection.duels,
    output:
        coverage="results/{study}/analysis/{experiment}_coverage.csv",
        win_rates="results/{study}/analysis/{experiment}_win_rates.csv",
        by_level="results/{study}/analysis/{experiment}_win_rates_by_level.csv",
    log:
        "results/{study}/logs/selection/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/selection/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=experiments.cells,
        seeds=experiments.seeds,
        duels=selection.duelling_cells,
        levels={
            lang: REGISTRIES.languages[lang].resource_level for lang in STUDY.languages
        },
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Selections in experiment {wildcards.experiment}"
    script:
        "../scripts/selection/selection.py"
