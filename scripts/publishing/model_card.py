"""The model card of a student."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_frame, read_json, write_text
    from polyglot.core.key_finder import KeyFinder
    from polyglot.provenance.archive.facts import citation
    from polyglot.publishing.cards import Scored, model_card, row_of
    from polyglot.training.students import NO_STUDENT

    files, facts, student = snakemake.input, snakemake.params.facts, Path(snakemake.input.model)
    base = snakemake.wildcards.base
    none = student / NO_STUDENT
    card = model_card(
        pd.read_parquet(files.outcomes),
        facts=facts,
        summary=read_json(none if none.exists() else student / "training.json"),
        anchors={"base": pd.read_parquet(files.base), "reference": pd.read_parquet(files.reference)},
        scored=Scored(
            cell=row_of(read_frame(files.cells), base=base, **{name: facts[name] for name in ("recipe", "teacher", "lang")}),
            gap=row_of(read_frame(files.gaps), base=base, lang=facts["lang"]),
        )
        if files.cells
        else Scored(None, None),
        template=Path(files.template),
        workflow=citation(Path(snakemake.scriptdir).parents[1]),
    )
    write_text(KeyFinder.here(snakemake.params.variables).clean(card), snakemake.output[0])
