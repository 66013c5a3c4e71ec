# The paper's published measurements, in the form that any study's take.
rule published_measurements:
    """Tables 11 and 12 of arXiv 2604.11290 as measurements."""
    input:
        intrinsic="config/published/table11_intrinsic.csv",
        pgr="config/published/table12_pgr.csv",
    output:
        f"results/published/scores/{MAIN}/measurements.parquet",
    log:
        "results/published/logs/published_measurements.log",
    benchmark:
        "results/published/benchmarks/published_measurements.tsv"
    conda:
        "../envs/analysis.yaml"
    message:
        "Published measurements of ten teachers in six languages"
    script:
        "../scripts/published_measurements.py"
