"""A synthetic set as a data set folder, with its data card."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from functools import reduce
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_frame, write_parquet, write_text
    from polyglot.provenance.archive.facts import citation
    from polyglot.publishing.cards import Scored, data_card, row_of

    files, facts = snakemake.input, snakemake.params.facts
    pairs = pd.read_parquet(files.data)
    card = data_card(
        pairs,
        facts=facts,
        answers=[pd.read_parquet(path) for path in files.answers],
        measured=reduce(pd.merge, [pd.read_parquet(path) for path in (files.diversity, files.reward, *files.metrics)]),
        scored=Scored(
            cell=row_of(read_frame(files.cells), **{name: facts[name] for name in ("recipe", "teacher", "lang")}),
            gap=row_of(read_frame(files.gaps), lang=facts["lang"]),
        ),
        template=Path(files.template),
        workflow=citation(Path(snakemake.scriptdir).parents[1]),
    )
    write_parquet(pairs, snakemake.output.data)
    write_text(card, snakemake.output.card)
