# Provenance: the configuration in force, and what the run cost.
rule configuration:
    """The effective configuration, saved before anything else."""
    output:
        report(
            f"{RESULTS}/config.yaml",
            caption="../report/configuration.rst",
            category="5 Provenance",
            labels={"what": "effective configuration", "format": "YAML"},
        ),
    log:
        f"{RESULTS}/logs/configuration.log",
    benchmark:
        f"{RESULTS}/benchmarks/configuration.tsv"
    priority: 100
    conda:
        "../envs/analysis.yaml"
    params:
        study=config,
    message:
        "Save the effective configuration"
    script:
        "../scripts/configuration.py"


rule resources:
    """Seconds and memory by rule, from Snakemake's benchmark files."""
    input:
        measured_files(),
    output:
        csv=report(
            f"{RESULTS}/tables/resources.csv",
            caption="../report/resources.rst",
            category="5 Provenance",
            labels={"what": "seconds and memory by rule", "format": "CSV"},
        ),
        html=report(
            f"{RESULTS}/tables/resources.html",
            caption="../report/resources.rst",
            category="5 Provenance",
            labels={"what": "seconds and memory by rule", "format": "page"},
        ),
    log:
        f"{RESULTS}/logs/resources.log",
    conda:
        "../envs/analysis.yaml"
    params:
        benchmarks=f"{RESULTS}/benchmarks",
    message:
        "What the run cost, by rule"
    script:
        "../scripts/resources.py"
