"""The build's students beside base, reference and the study's students."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.building.comparison import compare
    from polyglot.core.files import read_json, write_csv

    params, files = snakemake.params, snakemake.input
    languages = list(read_json(files.choice)["languages"])
    found = []
    for lang, built, base, reference in zip(languages, files.built, files.base, files.reference, strict=True):
        students = {
            (recipe, teacher): outcomes
            for recipe, teacher, *paths in params.students[lang]
            if all(len(frame) for frame in (outcomes := [pd.read_parquet(path) for path in paths]))
        }
        found.append(
            compare(
                pd.read_parquet(built),
                students,
                pd.read_parquet(base),
                pd.read_parquet(reference),
                lang=lang,
                replicates=params.replicates,
                confidence=params.confidence,
                seed=params.seed,
            )
        )
    write_csv(pd.concat(found, ignore_index=True), snakemake.output[0])
