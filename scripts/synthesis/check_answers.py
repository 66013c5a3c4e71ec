"""Every answer with a status: usable, or why not."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.engines.base import Answer
    from polyglot.evaluation.items import benchmark_questions
    from polyglot.synthesis.answers import read_answers

    questions = benchmark_questions(map(Path, snakemake.input.tasks))
    paths = zip(snakemake.input.requests, snakemake.input.answers, snakemake.output, strict=True)
    for asked_path, answered_path, out in paths:
        asked = pd.read_parquet(asked_path)
        found = read_answers(
            asked,
            {row["id"]: Answer(**row) for row in pd.read_parquet(answered_path).to_dict("records")},
            teacher=snakemake.wildcards.teacher,
            languages=snakemake.params.languages,
            reading=snakemake.params.reading,
            language_confidence=snakemake.params.language_confidence,
            benchmark_questions=questions,
        )
        print(*asked["method"].unique(), found["status"].value_counts().to_dict())
        write_parquet(found, out)
