# The replication audit: applies the scoring, statistics and figures of a study to the paper's published numbers.
from polyglot.displays.catalogue.files import REPLICATED
from polyglot.replication.settings import as_published
from polyglot.workflow.inputs.replication import AuditInputs

audit = AuditInputs(STUDY, REGISTRIES)


rule published_measurements:
    """Tables 11 and 12 of arXiv 2604.11290 as measurements."""
    input:
        intrinsic="config/published/table11_intrinsic.csv",
        pgr="config/published/table12_pgr.csv",
    output:
        f"results/{REPLICATION}/scores/{MAIN}/measurements.parquet",
    log:
        f"results/{REPLICATION}/logs/published_measurements.log",
    benchmark:
        f"results/{REPLICATION}/benchmarks/published_measurements.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    message:
        "Published measurements of ten teachers in six languages"
    script:
        "../scripts/replication/published_measurements.py"


rule audit:
    """Every claim with its verdict, the sign audit, and rankings under each way of scoring."""
    input:
        published=audit.published(ROOT),
        claims="config/replication.yaml",
        cells=f"results/{REPLICATION}/scores/{MAIN}/cells.csv",
        teachers=f"results/{REPLICATION}/scores/{MAIN}/teachers.csv",
    output:
        csv=report(
            f"results/{REPLICATION}/claims.csv",
            caption="../report/claims.rst",
            category=REPLICATED,
            labels={"what": "Claims and verdicts", "format": "CSV"},
        ),
        markdown=f"results/{REPLICATION}/claims.md",
        latex=f"results/{REPLICATION}/claims.tex",
        html=report(
            f"results/{REPLICATION}/claims.html",
            caption="../report/claims.rst",
            category=REPLICATED,
            labels={"what": "Claims and verdicts", "format": "page"},
        ),
        items_csv=f"results/{REPLICATION}/analysis/claim_values.csv",
        signs=f"results/{REPLICATION}/analysis/sign_audit.csv",
        ranks=f"results/{REPLICATION}/analysis/definition_ranks.csv",
        students=f"results/{REPLICATION}/analysis/students.csv",
        teachers=f"results/{REPLICATION}/analysis/released_teachers.csv",
        parts=f"results/{REPLICATION}/analysis/released_parts.csv",
        scale=f"results/{REPLICATION}/analysis/released_scale.csv",
        translation=f"results/{REPLICATION}/analysis/released_translation.csv",
    log:
        f"results/{REPLICATION}/logs/audit.log",
    benchmark:
        f"results/{REPLICATION}/benchmarks/audit.tsv"
    conda:
        "../envs/locked/analysis.yaml"
    threads: threads_of(small)
    resources:
        **asked(small),
    params:
        scoring=as_published(STUDY.scoring).model_dump(
            mode="json", include={"alpha", "confidence"}
        ),
    message:
        "Replication audit"
    script:
        "../scripts/replication/audit.py"


rule audit_page:
    """The audit's page: findings by weight with figures, then every claim, in one file."""
    input:
        audit.files,
        claims=f"results/{REPLICATION}/claims.csv",
        table=f"results/{REPLICATION}/claims.md",
        values=f"results/{REPLICATION}/analysis/claim_values.csv",
        findings="config/replication.yaml",
        template="report/page/audit.html.jinja",
        beside=audit.beside,
    output:
        f"results/{REPLICATION}/report.html",
    log:
        f"results/{REPLICATION}/logs/audit_page.log",
    benchmark:
        f"results/{REPLICATION}/benchmarks/audit_page.tsv"
    localrule: True
    conda:
        "../envs/locked/analysis.yaml"
    resources:
        login=1,
    params:
        shown=audit.shown,
    message:
        "Page of the replication audit"
    script:
        "../scripts/replication/audit_page.py"


rule replication:
    input:
        targets.replication(),
