"""Every answer with a status: usable, or why not; and what each filter says of it."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.engines.base import Answer
    from polyglot.evaluation.items import benchmark_questions
    from polyglot.synthesis.answers import read_answers
    from polyglot.synthesis.filters.base import Examples
    from polyglot.synthesis.filters.chain import examples_of, filtered, neighbours_of

    read = []
    for asked_path, answered_path in zip(snakemake.input.requests, snakemake.input.answers, strict=True):
        found = read_answers(
            pd.read_parquet(asked_path),
            {row["id"]: Answer(**row) for row in pd.read_parquet(answered_path).to_dict("records")},
            teacher=snakemake.wildcards.teacher,
            languages=snakemake.params.languages,
            reading=snakemake.params.reading,
            language_confidence=snakemake.params.language_confidence,
        )
        read.append(found)
    seeds = pd.read_parquet(snakemake.input.seed, columns=["id", "prompt"])
    known = Examples(
        rows=pd.DataFrame(),
        lang=snakemake.wildcards.lang,
        script=snakemake.params.script,
        languages=snakemake.params.languages,
        questions=benchmark_questions(map(Path, snakemake.input.tasks)),
        seed_prompts=dict(zip(seeds["id"], seeds["prompt"], strict=True)),
        earlier=examples_of(map(pd.read_parquet, snakemake.input.get("earlier", []))),
        nearest=neighbours_of(map(pd.read_parquet, snakemake.input.nearest)),
        usual=[one for path in snakemake.input.usual for one in pd.read_parquet(path)["similarity"]],
    )
    for found, out in zip(filtered(read, snakemake.params.filters, known), snakemake.output, strict=True):
        print(*found["method"].unique(), found["status"].value_counts().to_dict())
        write_parquet(found, out)
