# A rehearsal: the whole study in miniature, on the machine that it is to run on.
from polyglot.cluster.snakemake_inside import software_of


rule rehearsed:
    """Every stage of the study once with each kind of model, on shrunk models and ten requests a cell."""
    output:
        f"{RESULTS}/rehearsed.md",
    log:
        f"{RESULTS}/logs/rehearsed.log",
    conda:
        "../envs/locked/snakemake.yaml"
    threads: threads_of("rehearsed")
    resources:
        **asked("rehearsed"),
    params:
        used=models.used,
        folder=f"{RESULTS}/rehearsal",
        software=lambda wildcards: software_of(workflow),
    message:
        "Rehearse {STUDY.study} (what is going on: {log})"
    script:
        "../scripts/rehearsal/rehearse.py"


rule rehearse:
    """Print what passed. The next time, all that has not is run."""
    input:
        f"{RESULTS}/rehearsed.md",
    log:
        f"{RESULTS}/logs/rehearse.log",
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    message:
        "Rehearsal of {STUDY.study}"
    shell:
        "tee {log} < {input} && rm {input}"
