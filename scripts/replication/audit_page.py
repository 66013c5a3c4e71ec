"""The page of the replication audit."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_text
    from polyglot.displays.page.audit import audit_page
    from polyglot.replication.verdicts import read_audit

    files = snakemake.input
    text = audit_page(
        Path(files.template),
        read_audit(files.findings),
        pd.read_csv(files.claims, keep_default_na=False),
        pd.read_csv(files["values"]),
        Path(files.table).read_text(encoding="utf-8"),
        snakemake.params.shown,
    )
    write_text(text, snakemake.output[0])
