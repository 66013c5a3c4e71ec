"""Predicted gain of every candidate teacher, the prediction's validity, and its cost compared with the full study."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.analysis.screening import cross_validate, predict_gain, predictors, sample_metrics, screening_cost
    from polyglot.core.files import read_frame, write_csv
    from polyglot.intrinsic.metrics import STANDARD, of_texts, recorded
    from polyglot.provenance.timings import job_seconds
    from polyglot.scoring.training_sets import MODELLED

    params = snakemake.params
    metrics = recorded(params.get("metrics"), STANDARD)
    cells = [(teacher, lang) for teacher in params.teachers for lang in params.languages]
    files = {kind: snakemake.input[kind] for kind in MODELLED}
    for place, metric in enumerate(of_texts(metrics)):
        files[metric.name] = snakemake.input.metrics[place * len(cells) : (place + 1) * len(cells)]
    sample = pd.DataFrame(
        [
            {"teacher": teacher, "lang": lang, **sample_metrics({kind: paths[place] for kind, paths in files.items()}, metrics)}
            for place, (teacher, lang) in enumerate(cells)
        ]
    )
    known = read_frame(snakemake.input.known)
    taken = {"definition": params.get("definition", "released"), "perplexity": params.get("perplexity", "mean")}
    print("predicted from:", ", ".join(metric.name for metric in predictors(metrics, known, **taken)))
    settings = {"components": params.components, "confidence": params.confidence, "metrics": metrics, **taken}
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
