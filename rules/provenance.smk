# Provenance: what the run cost.
rule resources:
    """Seconds and memory by rule, from Snakemake's timings."""
    input:
        measured_files(),
    output:
        f"{RESULTS}/analysis/resources.csv",
    log:
        f"{RESULTS}/logs/resources.log",
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "What the run cost, by rule"
    script:
        "../scripts/provenance/resources.py"


rule ledger:
    """Hours, GPU hours, tokens and money by rule and teacher, from the records of jobs, answers and endpoints."""
    input:
        measured_files(),
    output:
        f"{RESULTS}/analysis/ledger.csv",
    log:
        f"{RESULTS}/logs/ledger.log",
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        usd_per_gpu_hour=STUDY.plan.usd_per_gpu_hour,
    message:
        "What the study has cost, by rule and teacher"
    script:
        "../scripts/provenance/ledger.py"


rule archive:
    """Everything behind the study's numbers, as a Workflow Run RO-Crate."""
    input:
        study_targets(default_experiments()),
    output:
        f"{RESULTS}/archive.zip",
    log:
        f"{RESULTS}/logs/archive.log",
    conda:
        "../envs/locked/snakemake.yaml"
    resources:
        login=1,
    params:
        models={name: model_folder(name) or None for name in used_models()},
        sources=used_sources(),
        largest_mb=STUDY.archive.largest_mb,
    message:
        "Archive {STUDY.study}"
    script:
        "../scripts/provenance/archive.py"
