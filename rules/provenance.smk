# Provenance: what the run cost.
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
