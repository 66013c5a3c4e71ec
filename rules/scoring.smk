# Scores: measurements with bootstrap replicates, and PG-Scores in three definitions, by experiment.
rule measurements:
    """All measurements of an experiment, with bootstrap replicates."""
    input:
        diversity=cell_files(
            "intrinsic/{recipe}/{teacher}/{lang}/{seed}/diversity.parquet"
        ),
        reward=cell_files("intrinsic/{recipe}/{teacher}/{lang}/{seed}/reward.parquet"),
        perplexity=cell_files(
            "intrinsic/{recipe}/{teacher}/{lang}/{seed}/perplexity/{base}.parquet"
        ),
        metrics=lambda wildcards: metric_inputs.cell_files(STUDY, wildcards.experiment),
        students=cell_files(
            "evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet"
        ),
        base=anchor_files("base"),
        reference=anchor_files("reference"),
    output:
        measurements="results/{study}/scores/{experiment}/measurements.parquet",
        intrinsic="results/{study}/scores/{experiment}/intrinsic.csv",
        evaluation="results/{study}/scores/{experiment}/evaluation.csv",
        gaps="results/{study}/scores/{experiment}/gaps.csv",
        holes="results/{study}/scores/{experiment}/holes.csv",
    log:
        "results/{study}/logs/measurements/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/measurements/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        cells=lambda wildcards: [list(c) for c in measured_cells(wildcards.experiment)],
        given_up=lambda wildcards: cells_given_up(wildcards.experiment),
        anchors=lambda wildcards: [
            list(anchor) for anchor in MATRICES[wildcards.experiment].anchors
        ],
        seeds=lambda wildcards: len(MATRICES[wildcards.experiment].seeds),
        recipe=STUDY.recipe,
        metrics=metric_inputs.measured_facts(STUDY),
        replicates=STUDY.scoring.bootstrap,
        seed=STUDY.scoring.seed,
    message:
        "Measurements of experiment {wildcards.experiment}"
    script:
        "../scripts/scoring/measurements.py"


rule pg_score:
    """PG-Scores of every cell and teacher in three definitions, with intervals."""
    input:
        measurements="results/{study}/scores/{experiment}/measurements.parquet",
        scale=frozen_scale,
    output:
        cells="results/{study}/scores/{experiment}/cells.csv",
        replicates="results/{study}/scores/{experiment}/replicates.parquet",
        teachers="results/{study}/scores/{experiment}/teachers.csv",
        sensitivity="results/{study}/scores/{experiment}/sensitivity.csv",
    log:
        "results/{study}/logs/pg_score/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/pg_score/{experiment}.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        alpha=lambda wildcards: scoring(wildcards).alpha,
        confidence=lambda wildcards: scoring(wildcards).confidence,
        definition=lambda wildcards: scoring(wildcards).definition,
        recipe=main_recipe,
        scored=lambda wildcards: metric_inputs.scored_facts(STUDY, wildcards.study),
    message:
        "PG-Scores of {wildcards.study}: {wildcards.experiment}"
    script:
        "../scripts/scoring/pg_score.py"
