# Judging: a judge's verdicts on the open answers of an evaluation, and outcomes made of them.
from polyglot.workflow.inputs.further import FurtherInputs

further = FurtherInputs(STUDY, REGISTRIES)


rule judge_student:
    """A student's outcomes with the judge's verdicts on its open answers."""
    input:
        outcomes="results/{study}/evaluation/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
        tasks=evaluation.judged_folders,
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        templates=models.open_templates,
        scale=models.measured_scale(),
        checked=ancient(models.judge_check()),
    output:
        outcomes="results/{study}/judged/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
        verdicts="results/{study}/judged/verdicts/students/{base}/{recipe}/{teacher}/{lang}/{seed}.parquet",
    log:
        "results/{study}/logs/judge_student/{base}/{recipe}/{teacher}/{lang}/{seed}.log",
    benchmark:
        "results/{study}/benchmarks/judge_student/{base}/{recipe}/{teacher}/{lang}/{seed}.tsv"
    localrule: JUDGED_HERE
    conda:
        models.engine_environment(models.judge)
    threads: threads_of("judge_student")
    resources:
        **asked("judge_student"),
    params:
        benchmarks=evaluation.judged,
        facts=evaluation.facts_of_language,
        reward=STUDY.intrinsic.reward.model_dump(mode="json"),
        model=models.settings(models.judge),
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
        side_file="results/{study}/unfinished/judged/students/{base}/{recipe}/{teacher}/{lang}/{seed}.jsonl",
    message:
        "Judge the answers of the student of {wildcards.teacher} in {wildcards.lang}"
    script:
        "../scripts/judging/judge_answers.py"


rule judge_anchor:
    """The same of a base, a reference or a teacher."""
    input:
        outcomes="results/{study}/evaluation/anchors/{model}/{lang}.parquet",
        tasks=evaluation.judged_folders,
        model=models.folder(models.judge),
        chat_template=models.chat_template(models.judge),
        templates=models.open_templates,
        scale=models.measured_scale(),
        checked=ancient(models.judge_check()),
    output:
        outcomes="results/{study}/judged/anchors/{model}/{lang}.parquet",
        verdicts="results/{study}/judged/verdicts/anchors/{model}/{lang}.parquet",
    log:
        "results/{study}/logs/judge_anchor/{model}/{lang}.log",
    benchmark:
        "results/{study}/benchmarks/judge_anchor/{model}/{lang}.tsv"
    localrule: JUDGED_HERE
    conda:
        models.engine_environment(models.judge)
    threads: threads_of("judge_anchor")
    resources:
        **asked("judge_anchor"),
    params:
        benchmarks=evaluation.judged,
        facts=evaluation.facts_of_language,
        reward=STUDY.intrinsic.reward.model_dump(mode="json"),
        model=models.settings(models.judge),
        language=lambda wildcards: REGISTRIES.languages[wildcards.lang].name,
        side_file="results/{study}/unfinished/judged/anchors/{model}/{lang}.jsonl",
    message:
        "Judge the answers of {wildcards.model} in {wildcards.lang}"
    script:
        "../scripts/judging/judge_answers.py"


rule further_benchmarks:
    """Scores of the main experiment on benchmarks that are judged, or measured and not scored."""
    input:
        outcomes=further.outcomes(),
        verdicts=further.verdicts(),
    output:
        f"{RESULTS}/analysis/further_benchmarks.csv",
    log:
        f"{RESULTS}/logs/further_benchmarks.log",
    benchmark:
        f"{RESULTS}/benchmarks/further_benchmarks.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        of_outcomes=further.named(),
        of_verdicts=further.named(judged=True),
        benchmarks=further.benchmarks,
        replicates=STUDY.scoring.bootstrap,
        confidence=STUDY.scoring.confidence,
        seed=STUDY.scoring.seed,
    message:
        "Benchmarks that are judged or not scored"
    script:
        "../scripts/analysis/further_benchmarks.py"
