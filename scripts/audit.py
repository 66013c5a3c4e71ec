"""The replication audit: claims, signs, rankings."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot import reports
    from polyglot.anchors import definition_ranks, sign_audit
    from polyglot.claim_checks import size_sensitivity
    from polyglot.claims import check_claims, read_audit
    from polyglot.configuration import PUBLISHED_BASE
    from polyglot.evidence import Evidence
    from polyglot.files import write_csv
    from polyglot.published import RELEASED, read_published

    files, output, scoring = snakemake.input, snakemake.output, snakemake.params.scoring
    tables = read_published(Path(files.published[0]).parent)
    cells, teachers = pd.read_csv(files.cells), pd.read_csv(files.teachers)
    evidence = Evidence(tables, cells, teachers, read_audit(files.claims), **scoring)
    found, values = check_claims(evidence)
    table = reports.claims(found, values, size_sensitivity(evidence))
    table.write(*(Path(output[kind]) for kind in ("csv", "markdown", "latex", "html")))
    write_csv(values, output.items_csv)
    write_csv(sign_audit(tables), output.signs)
    write_csv(definition_ranks(tables, **scoring), output.ranks)
    write_csv(tables[RELEASED][tables[RELEASED]["base"] == PUBLISHED_BASE], output.students)
    print(found["verdict"].value_counts().to_string())
