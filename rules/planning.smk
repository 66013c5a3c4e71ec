# The budget of a study before anything is submitted.
rule plan_jobs:
    """Every job of the study with its estimated cost, from a dry run of everything."""
    output:
        jobs=f"{RESULTS}/plan/jobs.csv",
        power=f"{RESULTS}/plan/power.csv",
        precision=f"{RESULTS}/plan/precision.csv",
        races=f"{RESULTS}/plan/races.csv",
    log:
        f"{RESULTS}/logs/plan_jobs.log",
    localrule: True
    conda:
        "../envs/locked/snakemake.yaml"
    params:
        study=STUDY.model_dump(mode="json"),
        models=models.configuration(),
        targets=["all"],
        races=targets.first_rungs(),
        full_size=targets.of_full_size(),
        profile=profile_named(sys.argv[1:]),
        workflow=workflow_hash(ROOT),
        site=CLUSTER.model_dump() if CLUSTER else None,
    message:
        "Plan the study"
    script:
        "../scripts/planning/plan.py"


rule plan:
    """Print the budget."""
    input:
        tables=targets.plan(),
        shown=[file for file in targets.plan() if file.endswith(".md")],
    log:
        f"{RESULTS}/logs/plan.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    message:
        "Budget of {STUDY.study}"
    shell:
        "tail -n +1 {input.shown} | tee {log}"
