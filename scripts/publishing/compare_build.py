"""The build's students beside base, reference and the study's students."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from functools import partial

    import pandas as pd

    from polyglot.core.files import read_json, write_csv
    from polyglot.publishing.comparison import COLUMNS, compare
    from polyglot.scoring.outcomes import read_scored

    params, files = snakemake.params, snakemake.input
    read = partial(read_scored, unscored=params.unscored)
    languages = list(read_json(files.choice)["languages"])
    tables = [pd.DataFrame(columns=COLUMNS)]
    for lang, built, base, reference in zip(languages, files.built, files.base, files.reference, strict=True):
        outcomes = read(built)
        if outcomes.empty:
            print(f"{lang}: no student, as there are too few examples")
            continue
        students = {(recipe, teacher): list(map(read, paths)) for recipe, teacher, *paths in params.students[lang]}
        table = compare(
            outcomes,
            {cell: frames for cell, frames in students.items() if all(map(len, frames))},
            read(base),
            read(reference),
            lang=lang,
            replicates=params.replicates,
            confidence=params.confidence,
            seed=params.seed,
        )
        tables.append(table)
    write_csv(pd.concat([table for table in tables if len(table)] or tables, ignore_index=True), snakemake.output[0])
