# Analyses: small tables from scores and data, which tables and figures show.
rule analysis:
    """Principal components, regression and rank correlations of the main experiment's cells."""
    input:
        f"{RESULTS}/scores/{MAIN}/cells.csv",
    output:
        **{
            name: f"{RESULTS}/analysis/{name}.csv"
            for name in [
                "pca_loadings",
                "pca_variance",
                "pca_scores",
                "regression_validation",
                "regression_coefficients",
                "regression_predictions",
                "spearman",
            ]
        },
    log:
        f"{RESULTS}/logs/analysis.log",
    benchmark:
        f"{RESULTS}/benchmarks/analysis.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        statistics=STUDY.statistics.model_dump(mode="json"),
        metrics=metrics.measured(),
        confidence=STUDY.scoring.confidence,
        definition=STUDY.scoring.definition,
        perplexity=STUDY.scoring.perplexity,
    message:
        "Components, regression and correlations"
    script:
        "../scripts/analysis/analysis.py"


rule data_yield:
    """How much of the data is usable, by teacher, language and method: there as soon as the data are."""
    input:
        answers=experiments.main_answers(),
    output:
        f"{RESULTS}/analysis/synthesis_yield.csv",
    log:
        f"{RESULTS}/logs/data_yield.log",
    benchmark:
        f"{RESULTS}/benchmarks/data_yield.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        rates=models.rates(STUDY.teachers),
    message:
        "Yield of the data"
    script:
        "../scripts/analysis/data_yield.py"


rule data_tables:
    """Price and quality of the data, by teacher, language and method."""
    input:
        answers=experiments.main_answers(),
        rated=experiments.cell_files(MAIN, paths.TRAINING_SET),
        reward=experiments.cell_files(MAIN, paths.REWARD),
        students=experiments.method_scores(),
    output:
        prices=f"{RESULTS}/analysis/prices.csv",
        methods=f"{RESULTS}/analysis/methods.csv",
    log:
        f"{RESULTS}/logs/data_tables.log",
    benchmark:
        f"{RESULTS}/benchmarks/data_tables.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=experiments.main_cells(),
        seeds=STUDY.seeds,
        benchmarks=[
            f"{RESULTS}/benchmarks/{rule}"
            for rule in ("synthesize", "synthesize_further")
        ],
        methods=experiments.one_method_recipes,
        definition=STUDY.scoring.definition,
        rates=models.rates(STUDY.teachers),
    message:
        "Price and quality of the data"
    script:
        "../scripts/analysis/data_tables.py"


rule steps:
    """Scores of an additive recipe's steps by task group."""
    input:
        students=experiments.outcomes,
        data=experiments.files(paths.TRAINING_SET),
        base=experiments.base_outcomes,
        reference=experiments.reference_outcomes,
    output:
        "results/{study}/analysis/{experiment}_steps.csv",
    log:
        "results/{study}/logs/steps/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/steps/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=experiments.cells,
        steps=experiments.steps,
        given_up=experiments.given_up,
        anchors=experiments.anchors,
        seeds=experiments.seed_count,
        groups=STUDY.evaluation.groups,
        unscored=STUDY.evaluation.unscored,
        weights=STUDY.evaluation.group_weights,
        replicates=STUDY.scoring.bootstrap,
        seed=STUDY.scoring.seed,
        confidence=STUDY.scoring.confidence,
    message:
        "Steps of {wildcards.experiment}"
    script:
        "../scripts/analysis/steps.py"


rule abilities:
    """Whether a teacher's size or its own benchmark score predicts the score of its data."""
    input:
        cells="results/{study}/scores/{experiment}/cells.csv",
        outcomes=experiments.author_outcomes,
    output:
        models="results/{study}/analysis/{experiment}_models.csv",
        abilities="results/{study}/analysis/{experiment}_abilities.csv",
    log:
        "results/{study}/logs/abilities/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/abilities/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=experiments.single_authors,
        sizes=experiments.author_sizes,
        unscored=STUDY.evaluation.unscored,
        definition=STUDY.scoring.definition,
        confidence=STUDY.scoring.confidence,
    message:
        "What predicts the score of a teacher's data"
    script:
        "../scripts/analysis/abilities.py"


rule generalisation:
    """How good a choice of teacher is in languages and on benchmarks that it was not made by."""
    input:
        measurements="results/{study}/scores/{experiment}/measurements.parquet",
        students=experiments.outcomes,
        base=experiments.base_outcomes,
        reference=experiments.reference_outcomes,
        outcomes=experiments.author_outcomes,
    output:
        rules="results/{study}/analysis/{experiment}_generalisation.csv",
        folds="results/{study}/analysis/{experiment}_folds.csv",
    log:
        "results/{study}/logs/generalisation/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/generalisation/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=experiments.cells,
        anchors=experiments.anchors,
        seeds=experiments.seed_count,
        teachers=experiments.single_authors,
        sizes=experiments.author_sizes,
        unscored=STUDY.evaluation.unscored,
        scored=metrics.scored,
        definition=STUDY.scoring.definition,
        alpha=STUDY.scoring.alpha,
        perplexity=STUDY.scoring.perplexity,
        replicates=STUDY.scoring.bootstrap,
        seed=STUDY.scoring.seed,
        confidence=STUDY.scoring.confidence,
    message:
        "Held-out languages and benchmarks of {wildcards.experiment}"
    script:
        "../scripts/analysis/generalisation.py"


rule predictors:
    """How well scores that train no student order the teachers."""
    input:
        cells="results/{study}/scores/{experiment}/cells.csv",
        gradients=experiments.files(paths.GRADIENTS),
        oracle=experiments.oracle,
    output:
        values="results/{study}/analysis/{experiment}_values.csv",
        predictors="results/{study}/analysis/{experiment}_predictors.csv",
        costs="results/{study}/analysis/{experiment}_costs.csv",
    log:
        "results/{study}/logs/predictors/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/predictors/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=experiments.cells,
        seeds=experiments.seed_count,
        metrics=metrics.measured(),
        gradients=STUDY.intrinsic.gradients.model_dump(mode="json"),
        replicates=STUDY.statistics.resamples,
        permutations=STUDY.statistics.permutations,
        seed=STUDY.statistics.seed,
        confidence=STUDY.scoring.confidence,
        results=RESULTS,
    message:
        "Scores without training, put to the test: {wildcards.experiment}"
    script:
        "../scripts/analysis/predictors.py"


rule truth:
    """Whether the scores recover the study's known ground truth."""
    input:
        cells=f"{RESULTS}/scores/{MAIN}/cells.csv",
        replicates=f"{RESULTS}/scores/{MAIN}/replicates.parquet",
        oracle=f"{RESULTS}/analysis/oracle.csv",
    output:
        checks=f"{RESULTS}/analysis/truth.csv",
        agreement=f"{RESULTS}/analysis/agreement.csv",
    log:
        f"{RESULTS}/logs/truth.log",
    benchmark:
        f"{RESULTS}/benchmarks/truth.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        truth=STUDY.truth.model_dump(mode="json"),
        metrics=metrics.measured(),
        confidence=STUDY.scoring.confidence,
    message:
        "Validity check"
    script:
        "../scripts/analysis/truth.py"


# Candidate teachers compared by a small sample of their data, without training students.
rule ranking:
    """Every candidate's sample side by side, and an order by the data alone."""
    input:
        data=screening.files(paths.TRAINING_SET),
        diversity=screening.files(paths.DIVERSITY),
        reward=screening.ratings(),
        perplexity=screening.likelihoods(),
        metrics=metrics.of_samples(),
        answers=screening.answers(),
    output:
        samples=f"{RESULTS}/analysis/ranking.csv",
        order=f"{RESULTS}/analysis/ranking_order.csv",
    log:
        f"{RESULTS}/logs/ranking.log",
    benchmark:
        f"{RESULTS}/benchmarks/ranking.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=STUDY.screened_teachers,
        languages=STUDY.screened_languages,
        metrics=metrics.measured(),
        scored=STUDY.intrinsic.scored,
        rates=models.rates(STUDY.screened_teachers),
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Rank the candidate teachers by their data"
    script:
        "../scripts/analysis/ranking.py"


rule rank:
    """Print the ranking."""
    input:
        made=targets.ranking(),
        shown=[file for file in targets.ranking() if file.endswith(".md")],
    log:
        f"{RESULTS}/logs/rank.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    message:
        "Ranking of {STUDY.study}"
    shell:
        "tail -n +1 {input.shown} | tee {log}"


rule screening:
    """Predicted gain of every candidate teacher, the prediction's validity, and its cost compared with the full study."""
    input:
        diversity=screening.files(paths.DIVERSITY),
        reward=screening.files(paths.REWARD),
        perplexity=screening.files(paths.PERPLEXITY),
        metrics=metrics.of_samples(),
        answers=screening.answers(),
        known=screening.known_scores(),
    output:
        candidates=f"{RESULTS}/analysis/screening.csv",
        validation=f"{RESULTS}/analysis/screening_validation.csv",
        cost=f"{RESULTS}/analysis/screening_cost.csv",
    log:
        f"{RESULTS}/logs/screening.log",
    benchmark:
        f"{RESULTS}/benchmarks/screening.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=STUDY.screened_teachers,
        languages=STUDY.screened_languages,
        metrics=metrics.measured(),
        components=STUDY.screen.components,
        permutations=STUDY.statistics.permutations,
        seed=STUDY.statistics.seed,
        confidence=STUDY.scoring.confidence,
        definition=STUDY.scoring.definition,
        perplexity=STUDY.scoring.perplexity,
        full_requests=screening.full_requests(),
        students=screening.full_students(),
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "Screen the candidate teachers"
    script:
        "../scripts/analysis/screening.py"


rule screen:
    input:
        targets.screening(),
