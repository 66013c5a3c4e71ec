"""A synthetic set as a data set folder, with its data card."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from functools import reduce
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_frame, write_parquet, write_text
    from polyglot.core.key_finder import KeyFinder
    from polyglot.provenance.archive.facts import citation
    from polyglot.publishing.cards import Scored, data_card, row_of
    from polyglot.publishing.confidential import without_keys

    files, facts = snakemake.input, snakemake.params.facts
    keys = KeyFinder.here(snakemake.params.variables)
    pairs, left_out = without_keys(pd.read_parquet(files.data), keys)
    for line in left_out:
        print(line)
    card = data_card(
        pairs,
        facts=facts,
        left_out=left_out,
        answers=[pd.read_parquet(path) for path in files.answers],
        measured=reduce(
            pd.merge, [pd.read_parquet(path) for path in (files.diversity, *filter(None, [files.reward]), *files.metrics)]
        ),
        scored=Scored(
            cell=row_of(read_frame(files.cells), **{name: facts[name] for name in ("recipe", "teacher", "lang")}),
            gap=row_of(read_frame(files.gaps), lang=facts["lang"]),
        )
        if files.cells
        else Scored(None, None),
        template=Path(files.template),
        workflow=citation(Path(snakemake.scriptdir).parents[1]),
    )
    write_parquet(pairs, snakemake.output.data)
    write_text(keys.clean(card), snakemake.output.card)
