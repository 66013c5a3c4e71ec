# Provenance: the cost of the run, and the archive.
rule resources:
    """Seconds and memory by rule, from Snakemake's timings."""
    input:
        targets.measured(),
    output:
        f"{RESULTS}/analysis/resources.csv",
    log:
        f"{RESULTS}/logs/resources.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "Cost of the run, by rule"
    script:
        "../scripts/provenance/resources.py"


rule ledger:
    """Hours, GPU hours, tokens and money by rule and teacher, from the records of jobs, answers and endpoints."""
    input:
        targets.measured(),
    output:
        f"{RESULTS}/analysis/ledger.csv",
    log:
        f"{RESULTS}/logs/ledger.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        usd_per_gpu_hour=STUDY.plan.usd_per_gpu_hour,
    message:
        "Cost of the study, by rule and teacher"
    script:
        "../scripts/provenance/ledger.py"


rule archive:
    """Everything behind the study's numbers, as a Workflow Run RO-Crate; with the data set at its end, if one was built."""
    input:
        targets.all(),
        building.finished(),
    output:
        f"{RESULTS}/archive.zip",
    log:
        f"{RESULTS}/logs/archive.log",
    localrule: True
    conda:
        "../envs/locked/snakemake.yaml"
    resources:
        login=1,
    params:
        models={name: models.folder(name) or None for name in models.used},
        sources=hub.sources,
        largest_mb=STUDY.archive.largest_mb,
    message:
        "Archive {STUDY.study}"
    script:
        "../scripts/provenance/archive.py"
