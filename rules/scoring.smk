# Scores: measurements with bootstrap replicates, and PG-Scores in three definitions, by experiment; races of teachers.
from polyglot.workflow.inputs.racing import RacingInputs

racing = RacingInputs(STUDY, REGISTRIES)


rule measurements:
    """All measurements of an experiment, with bootstrap replicates."""
    input:
        diversity=experiments.files(paths.DIVERSITY),
        reward=experiments.files(paths.REWARD),
        perplexity=experiments.files(paths.PERPLEXITY),
        metrics=metrics.of_cells,
        students=experiments.outcomes,
        base=experiments.base_outcomes,
        reference=experiments.reference_outcomes,
    output:
        measurements="results/{study}/scores/{experiment}/measurements.parquet",
        intrinsic="results/{study}/scores/{experiment}/intrinsic.csv",
        evaluation="results/{study}/scores/{experiment}/evaluation.csv",
        gaps="results/{study}/scores/{experiment}/gaps.csv",
        holes="results/{study}/scores/{experiment}/holes.csv",
        spread="results/{study}/scores/{experiment}/spread.csv",
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
        cells=experiments.cells,
        given_up=experiments.given_up,
        anchors=experiments.anchors,
        seeds=experiments.seed_count,
        metrics=metrics.measured(),
        unscored=STUDY.evaluation.unscored,
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
        scale=displays.scale,
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
        alpha=lambda wildcards: displays.scoring(wildcards).alpha,
        confidence=lambda wildcards: displays.scoring(wildcards).confidence,
        definition=lambda wildcards: displays.scoring(wildcards).definition,
        recipe=displays.main_recipe,
        perplexity=lambda wildcards: displays.scoring(wildcards).perplexity,
        scored=metrics.scored,
    message:
        "PG-Scores of {wildcards.study}: {wildcards.experiment}"
    script:
        "../scripts/scoring/pg_score.py"


# A race of teachers: everyone is trained once, then whoever may still be the best is trained again. Rung 0 is of small sets.
# `rung_file`: the file of a rung, as soon as it is there.
rung_file = lambda wildcards, rung: checkpoints.race_rung.get(
    study=STUDY.study, experiment=wildcards["experiment"], rung=rung
).output[0]


rule race_earlier:
    """What earlier studies say of a race's teachers, from archives that verify."""
    input:
        archives=STUDY.race.learn_from,
    output:
        "results/{study}/race/{experiment}/earlier.csv",
    log:
        "results/{study}/logs/race_earlier/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/race_earlier/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        teachers=racing.teachers,
    message:
        "What earlier studies say of the teachers of {wildcards.experiment}"
    script:
        "../scripts/scoring/race_earlier.py"


checkpoint race_rung:
    """Who is trained again after a rung of a race, and why the others are not."""
    input:
        before=racing.before,
        earlier=racing.earlier,
        students=racing.outcomes(rung_file),
        small=racing.small_outcomes,
    output:
        "results/{study}/race/{experiment}/rung{rung}.csv",
    log:
        "results/{study}/logs/race_rung/{experiment}/{rung}.log",
    benchmark:
        "results/{study}/benchmarks/race_rung/{experiment}/{rung}.tsv"
    wildcard_constraints:
        study=STUDY.study,
        rung=r"0|[1-9]\d*",
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        trained=racing.trained(rung_file),
        terms=racing.terms,
        beliefs=racing.beliefs(),
        prices=racing.prices,
        small=racing.small,
        unscored=STUDY.evaluation.unscored,
        seed=STUDY.scoring.seed,
    message:
        "Rung {wildcards.rung} of {wildcards.experiment}"
    script:
        "../scripts/scoring/race_rung.py"


rule race_verdict:
    """All rungs of a race that is over."""
    input:
        rungs=racing.rungs(rung_file),
    output:
        "results/{study}/analysis/{experiment}_race.csv",
    log:
        "results/{study}/logs/race_verdict/{experiment}.log",
    benchmark:
        "results/{study}/benchmarks/race_verdict/{experiment}.tsv"
    wildcard_constraints:
        study=STUDY.study,
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        terms=racing.stated,
    message:
        "Verdict of the race {wildcards.experiment}"
    script:
        "../scripts/scoring/race_verdict.py"


rule race:
    input:
        targets.asked_by("race"),
