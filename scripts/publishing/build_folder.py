"""The folder to publish: the data set of all languages with its card, the choice, and the students with theirs."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_frame, read_json, write_text
    from polyglot.core.key_finder import KeyFinder
    from polyglot.provenance.archive.facts import citation
    from polyglot.publishing.build import Built, build_card, lay_out

    files, facts, output = snakemake.input, snakemake.params.facts, snakemake.output
    choice = read_json(files.choice)
    languages = list(choice["languages"])
    built = Built(
        choice=choice,
        sets={lang: pd.read_parquet(path) for lang, path in zip(languages, files.data, strict=True)},
        plan=read_frame(files.plan[0]),
        comparison=read_frame(files.comparison) if files.comparison else None,
    )
    keys = KeyFinder.here(snakemake.params.variables)
    card = build_card(built, facts=facts, template=Path(files.template), workflow=citation(Path(snakemake.scriptdir).parents[1]))
    lay_out(
        Path(output.card).parent,
        data=dict(zip(languages, zip(files.data, files.cards, strict=True), strict=True)),
        students=dict(zip(languages, zip(files.models, files.model_cards, strict=True), strict=False)),
        numbers=[path for path in (files.choice, *files.plan, files.comparison) if path],
    )
    write_text(keys.clean(card), output.card)
