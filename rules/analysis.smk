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
        metrics=metric_inputs.measured_facts(STUDY),
        confidence=STUDY.scoring.confidence,
        definition=STUDY.scoring.definition,
    message:
        "Components, regression and correlations"
    script:
        "../scripts/analysis/analysis.py"


rule data_tables:
    """Yield, price and quality of the data, by teacher, language and method."""
    input:
        answers=synthetic_files(),
        rated=main_data_files("sft", "{seed}.parquet"),
        reward=main_data_files("intrinsic", "{seed}/reward.parquet"),
        students=method_scores(),
    output:
        synthesis_yield=f"{RESULTS}/analysis/synthesis_yield.csv",
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
        cells=[list(cell) for cell in measured_cells(MAIN)],
        seeds=STUDY.seeds,
        benchmarks=f"{RESULTS}/benchmarks/synthesize",
        methods=one_method_recipes(),
        definition=STUDY.scoring.definition,
    message:
        "Yield, price and quality of the data"
    script:
        "../scripts/analysis/data_tables.py"


rule steps:
    """Scores of an additive recipe's steps by task group."""
    input:
        students=cell_files(
            "evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"
        ),
        data=cell_files("sft/{recipe}/{teacher}/{lang}/{seed}.parquet"),
        base=anchor_files("base"),
        reference=anchor_files("reference"),
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
        cells=lambda wildcards: [list(c) for c in measured_cells(wildcards.experiment)],
        steps=lambda wildcards: experiment_steps(wildcards.experiment),
        given_up=lambda wildcards: cells_given_up(wildcards.experiment),
        anchors=lambda wildcards: [
            list(anchor) for anchor in MATRICES[wildcards.experiment].anchors
        ],
        seeds=lambda wildcards: len(MATRICES[wildcards.experiment].seeds),
        groups=STUDY.evaluation.groups,
        weights=STUDY.evaluation.group_weights,
        replicates=STUDY.scoring.bootstrap,
        seed=STUDY.scoring.seed,
        confidence=STUDY.scoring.confidence,
    message:
        "Steps of {wildcards.experiment}"
    script:
        "../scripts/analysis/steps.py"


rule abilities:
    """Whether a teacher's size or its own benchmark score foretells the score of its data."""
    input:
        cells="results/{study}/scores/{experiment}/cells.csv",
        outcomes=lambda wildcards: [
            f"{RESULTS}/evaluation/anchors/{teacher}/{lang}.parquet"
            for teacher, lang in teacher_languages(wildcards.experiment)
        ],
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
        teachers=lambda wildcards: teacher_languages(wildcards.experiment),
        sizes=lambda wildcards: {
            name: REGISTRIES.models[name].size
            for name, _ in teacher_languages(wildcards.experiment)
        },
        definition=STUDY.scoring.definition,
        confidence=STUDY.scoring.confidence,
    message:
        "What foretells the score of a teacher's data"
    script:
        "../scripts/analysis/abilities.py"


rule truth:
    """Whether the scores find what the study knows by construction."""
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
        metrics=metric_inputs.measured_facts(STUDY),
        confidence=STUDY.scoring.confidence,
    message:
        "Validity check"
    script:
        "../scripts/analysis/truth.py"
