# Scores: measurements with bootstrap replicates, PG-Scores in three definitions, tables.
rule measurements:
    """All measurements of a base and a recipe, with bootstrap replicates."""
    input:
        diversity=intrinsic_files("diversity"),
        reward=intrinsic_files("reward"),
        perplexity=intrinsic_files("perplexity/{{base}}"),
        students=expand(
            "results/{{study}}/evaluation/students/{{base}}/{{recipe}}/{teacher}/{lang}/{seed}.parquet",
            teacher=STUDY.teachers,
            lang=STUDY.languages,
            seed=STUDY.seeds,
        ),
        base=expand(
            "results/{{study}}/evaluation/anchors/{{base}}/{lang}.parquet",
            lang=STUDY.languages,
        ),
        reference=lambda wildcards: expand(
            "results/{study}/evaluation/anchors/{reference}/{lang}.parquet",
            study=wildcards.study,
            reference=REGISTRIES.models[wildcards.base].reference,
            lang=STUDY.languages,
        ),
    output:
        measurements="results/{study}/scores/{base}/{recipe}/measurements.parquet",
        intrinsic="results/{study}/scores/{base}/{recipe}/intrinsic.csv",
        evaluation="results/{study}/scores/{base}/{recipe}/evaluation.csv",
        gaps="results/{study}/scores/{base}/{recipe}/gaps.csv",
    log:
        "results/{study}/logs/measurements/{base}/{recipe}.log",
    benchmark:
        "results/{study}/benchmarks/measurements/{base}/{recipe}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/analysis.yaml"
    params:
        teachers=STUDY.teachers,
        languages=STUDY.languages,
        seeds=STUDY.seeds,
        replicates=STUDY.scoring.bootstrap,
        seed=STUDY.scoring.seed,
    message:
        "Measurements of {wildcards.base}/{wildcards.recipe}"
    script:
        "../scripts/measurements.py"


rule pg_score:
    """PG-Scores of every cell and teacher in three definitions, with intervals."""
    input:
        "results/{study}/scores/{base}/{recipe}/measurements.parquet",
    output:
        cells="results/{study}/scores/{base}/{recipe}/cells.csv",
        replicates="results/{study}/scores/{base}/{recipe}/replicates.parquet",
        teachers="results/{study}/scores/{base}/{recipe}/teachers.csv",
        sensitivity="results/{study}/scores/{base}/{recipe}/alpha.csv",
    log:
        "results/{study}/logs/pg_score/{base}/{recipe}.log",
    benchmark:
        "results/{study}/benchmarks/pg_score/{base}/{recipe}.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        alpha=lambda wildcards: scoring(wildcards).alpha,
        confidence=lambda wildcards: scoring(wildcards).confidence,
        definition=lambda wildcards: scoring(wildcards).definition,
    message:
        "PG-Scores of {wildcards.study} {wildcards.base}/{wildcards.recipe}"
    script:
        "../scripts/pg_score.py"


rule leaderboard:
    """The ranking of teachers, for people."""
    input:
        cells=main_scores("cells.csv"),
        teachers=main_scores("teachers.csv"),
        gaps=known_gaps,
    output:
        csv=report(
            "results/{study}/tables/leaderboard.csv",
            caption="../report/leaderboard.rst",
            category="1 Result",
            labels={"what": "leaderboard", "format": "CSV"},
        ),
        markdown="results/{study}/tables/leaderboard.md",
        html=report(
            "results/{study}/tables/leaderboard.html",
            caption="../report/leaderboard.rst",
            category="1 Result",
            labels={"what": "leaderboard", "format": "page"},
        ),
    log:
        "results/{study}/logs/leaderboard.log",
    benchmark:
        "results/{study}/benchmarks/leaderboard.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        definition=lambda wildcards: scoring(wildcards).definition,
        confidence=lambda wildcards: scoring(wildcards).confidence,
        labels=LABELS,
    message:
        "Leaderboard of {wildcards.study}"
    script:
        "../scripts/leaderboard.py"


rule evaluation_table:
    """Scores of base, reference and students by benchmark and language."""
    input:
        evaluation=main_scores("evaluation.csv"),
        gaps=main_scores("gaps.csv"),
    output:
        report(
            "results/{study}/tables/evaluation.csv",
            caption="../report/evaluation.rst",
            category="2 Evaluation",
            labels={"what": "scores by benchmark", "format": "CSV"},
        ),
    log:
        "results/{study}/logs/evaluation_table.log",
    benchmark:
        "results/{study}/benchmarks/evaluation_table.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/analysis.yaml"
    message:
        "Evaluation table of {wildcards.study}"
    script:
        "../scripts/evaluation_table.py"


rule synthesis_yield:
    """How many answers of each teacher can be used, by status."""
    input:
        synthetic_files(),
    output:
        report(
            f"{RESULTS}/tables/synthesis_yield.csv",
            caption="../report/synthesis_yield.rst",
            category="3 Data",
            labels={"what": "yield by status", "format": "CSV"},
        ),
    log:
        f"{RESULTS}/logs/synthesis_yield.log",
    benchmark:
        f"{RESULTS}/benchmarks/synthesis_yield.tsv"
    conda:
        "../envs/analysis.yaml"
    message:
        "Yield of synthesis"
    script:
        "../scripts/synthesis_yield.py"


rule truth:
    """Whether the scores find what the study knows by construction."""
    input:
        cells=main_scores("cells.csv"),
        replicates=main_scores("replicates.parquet"),
        gaps=main_scores("gaps.csv"),
        oracle=f"{RESULTS}/analysis/oracle.csv",
    output:
        csv=report(
            "results/{study}/tables/truth.csv",
            caption="../report/truth.rst",
            category="4 Validity",
            labels={"what": "planted truth against scores", "format": "CSV"},
        ),
        html=report(
            "results/{study}/tables/truth.html",
            caption="../report/truth.rst",
            category="4 Validity",
            labels={"what": "planted truth against scores", "format": "page"},
        ),
        agreement="results/{study}/analysis/agreement.csv",
    log:
        "results/{study}/logs/truth.log",
    benchmark:
        "results/{study}/benchmarks/truth.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/analysis.yaml"
    params:
        truth=STUDY.truth.model_dump(mode="json"),
        confidence=STUDY.scoring.confidence,
    message:
        "Validity check of {wildcards.study}"
    script:
        "../scripts/truth.py"
