"""Predicted gain of every candidate teacher, how far the prediction holds, and what it cost beside the full study."""

from polyglot.workflow.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.analysis.screening import cross_validate, predict_gain, sample_metrics, screening_cost
    from polyglot.core.files import write_csv
    from polyglot.provenance.timings import job_seconds

    params = snakemake.params
    cells = [(teacher, lang) for teacher in params.teachers for lang in params.languages]
    files = zip(snakemake.input.diversity, snakemake.input.reward, snakemake.input.perplexity, strict=True)
    sample = pd.DataFrame(
        [
            {"teacher": teacher, "lang": lang, **sample_metrics(*(pd.read_parquet(path) for path in paths))}
            for (teacher, lang), paths in zip(cells, files, strict=True)
        ]
    )
    known = pd.read_csv(snakemake.input.known)
    settings = {"components": params.components, "confidence": params.confidence}
    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input.answers], ignore_index=True)
    usable = answers.assign(usable=answers["status"] == "ok").groupby(["teacher", "lang"])["usable"].agg(["sum", "size"])
    found = predict_gain(sample, known, **settings).merge(
        usable.rename(columns={"sum": "usable", "size": "requests"}), on=["teacher", "lang"]
    )
    write_csv(found, snakemake.output.candidates)
    validation = cross_validate(known, **settings, permutations=params.permutations, seed=params.seed)
    write_csv(validation, snakemake.output.validation)
    cost = screening_cost(
        answers,
        job_seconds(Path(params.benchmarks)),
        requests=params.full_requests,
        students=params.students,
        teachers=params.teachers,
    )
    write_csv(cost, snakemake.output.cost)
