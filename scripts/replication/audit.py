"""The replication audit: claims, signs, rankings."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import read_frame, write_csv
    from polyglot.displays.tables import replication as replication_tables
    from polyglot.replication.checks.benchmarks import parts_of_claim, student_means
    from polyglot.replication.checks.predictors import size_sensitivity
    from polyglot.replication.evidence import Evidence
    from polyglot.replication.published import RELEASED, RELEASED_SCALE, RELEASED_TRANSLATION, read_files, read_published
    from polyglot.replication.settings import PUBLISHED_BASE
    from polyglot.replication.signs import definition_ranks, sign_audit
    from polyglot.replication.verdicts import check_claims, read_audit

    files, output, scoring = snakemake.input, snakemake.output, snakemake.params.scoring
    folder = Path(files.published[0]).parent
    tables = read_published(folder)
    cells, teachers = read_frame(files.cells), read_frame(files.teachers)
    evidence = Evidence(tables, read_files(folder), cells, teachers, read_audit(files.claims), **scoring)
    found, values = check_claims(evidence)
    table = replication_tables.claims(found, values, size_sensitivity(evidence))
    table.write(*(Path(output[kind]) for kind in ("csv", "markdown", "latex", "html")))
    write_csv(values, output.items_csv)
    write_csv(sign_audit(tables), output.signs)
    write_csv(definition_ranks(tables, **scoring), output.ranks)
    write_csv(tables[RELEASED][tables[RELEASED]["base"] == PUBLISHED_BASE], output.students)
    write_csv(student_means(evidence), output.teachers)
    write_csv(parts_of_claim(evidence, "constant_answers"), output.parts)
    write_csv(tables[RELEASED_SCALE], output.scale)
    write_csv(tables[RELEASED_TRANSLATION], output.translation)
    print(found["verdict"].value_counts().to_string())
