"""Whether a teacher's size or its own benchmark score predicts the score of its data."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from polyglot.analysis.tables import ability_models
    from polyglot.core.files import read_frame, write_csv
    from polyglot.scoring.outcomes import read_scored

    params = snakemake.params
    outcomes = {
        (teacher, lang): read_scored(path, params.get("unscored") or ())
        for (teacher, lang), path in zip(params.teachers, snakemake.input.outcomes, strict=True)
    }
    models, abilities = ability_models(
        read_frame(snakemake.input.cells), outcomes, params.sizes, definition=params.definition, confidence=params.confidence
    )
    write_csv(models, snakemake.output.models)
    write_csv(abilities, snakemake.output.abilities)
