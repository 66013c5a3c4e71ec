# Figures: each from small tables, each with a style of its own in the configuration.
rule figure_pg_score:
    """PG-Score by teacher and language."""
    input:
        cells=main_scores("cells.csv"),
        teachers=main_scores("teachers.csv"),
        gaps=known_gaps,
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/pg_score.pdf",
        png=report(
            "results/{study}/figures/pg_score.png",
            caption="../report/pg_score.rst",
            category="1 Result",
            labels={"what": "PG-Score by teacher and language", "format": "figure"},
        ),
    log:
        "results/{study}/logs/figure_pg_score.log",
    benchmark:
        "results/{study}/benchmarks/figure_pg_score.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="pg_score",
        style=STUDY.figure("pg_score").model_dump(),
        definition=lambda wildcards: scoring(wildcards).definition,
        labels=figure_labels,
    message:
        "Figure: PG-Score by teacher and language ({wildcards.study})"
    script:
        "../scripts/figure.py"


rule figure_intrinsic_extrinsic:
    """Extrinsic against intrinsic score."""
    input:
        cells=main_scores("cells.csv"),
        gaps=known_gaps,
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/intrinsic_extrinsic.pdf",
        png=report(
            "results/{study}/figures/intrinsic_extrinsic.png",
            caption="../report/intrinsic_extrinsic.rst",
            category="1 Result",
            labels={"what": "intrinsic against extrinsic", "format": "figure"},
        ),
    log:
        "results/{study}/logs/figure_intrinsic_extrinsic.log",
    benchmark:
        "results/{study}/benchmarks/figure_intrinsic_extrinsic.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="intrinsic_extrinsic",
        style=STUDY.figure("intrinsic_extrinsic").model_dump(),
        labels=figure_labels,
    message:
        "Figure: intrinsic against extrinsic ({wildcards.study})"
    script:
        "../scripts/figure.py"


rule figure_gain:
    """Students' scores with base and reference."""
    input:
        cells=main_scores("cells.csv"),
        teachers=main_scores("teachers.csv"),
        gaps=main_scores("gaps.csv"),
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/gain.pdf",
        png=report(
            "results/{study}/figures/gain.png",
            caption="../report/gain.rst",
            category="2 Evaluation",
            labels={"what": "gain over the base", "format": "figure"},
        ),
    log:
        "results/{study}/logs/figure_gain.log",
    benchmark:
        "results/{study}/benchmarks/figure_gain.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/analysis.yaml"
    params:
        figure="gain",
        style=STUDY.figure("gain").model_dump(),
        confidence=STUDY.scoring.confidence,
        labels=figure_labels,
    message:
        "Figure: gain over the base"
    script:
        "../scripts/figure.py"


rule figure_synthesis_yield:
    """Share of answers by status, by teacher and method."""
    input:
        synthesis_yield=f"{RESULTS}/tables/synthesis_yield.csv",
        style="config/figures.mplstyle",
    output:
        pdf="results/{study}/figures/synthesis_yield.pdf",
        png=report(
            "results/{study}/figures/synthesis_yield.png",
            caption="../report/synthesis_yield.rst",
            category="3 Data",
            labels={"what": "yield by teacher and method", "format": "figure"},
        ),
    log:
        "results/{study}/logs/figure_synthesis_yield.log",
    benchmark:
        "results/{study}/benchmarks/figure_synthesis_yield.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/analysis.yaml"
    params:
        figure="synthesis_yield",
        teachers=STUDY.teachers,
        style=STUDY.figure("synthesis_yield").model_dump(),
        labels=figure_labels,
    message:
        "Figure: yield by teacher and method"
    script:
        "../scripts/figure.py"
