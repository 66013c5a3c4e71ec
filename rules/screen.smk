# Screening: candidate teachers ranked from the intrinsic metrics of a small sample, without students of their own.
rule screening:
    """Predicted gain of every candidate, how far the prediction holds, and what it cost beside the full study."""
    input:
        diversity=screen_files("diversity"),
        reward=screen_files("reward"),
        perplexity=screen_files(f"perplexity/{STUDY.base}"),
        metrics=metric_inputs.screen_files(STUDY),
        answers=expand(
            f"{RESULTS}/synthetic/{{teacher}}/{{lang}}/{{method}}/{SCREENED_SEED}.parquet",
            teacher=CANDIDATES,
            lang=SCREENED_LANGUAGES,
            method=STUDY.methods,
        ),
        known=STUDY.screen.learn_from or f"{RESULTS}/scores/{MAIN}/cells.csv",
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
        teachers=CANDIDATES,
        languages=SCREENED_LANGUAGES,
        metrics=metric_inputs.measured_facts(STUDY),
        components=STUDY.screen.components,
        permutations=STUDY.statistics.permutations,
        seed=STUDY.statistics.seed,
        confidence=STUDY.scoring.confidence,
        full_requests=len(CANDIDATES)
        * len(SCREENED_LANGUAGES)
        * len(STUDY.methods)
        * STUDY.synthesis.requests
        * len(STUDY.seeds),
        students=len(CANDIDATES) * len(SCREENED_LANGUAGES) * len(STUDY.seeds),
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "Screen the candidate teachers"
    script:
        "../scripts/analysis/screening.py"
