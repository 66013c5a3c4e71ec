"""The study in miniature: every stage once with each kind of model, and a table of what passed."""

from polyglot.workflow.job import running

with running(snakemake, online=True):
    from pathlib import Path

    from polyglot.core.files import write_text
    from polyglot.rehearsal.preparation import Rehearsal
    from polyglot.rehearsal.run import gpus_here, rehearse
    from polyglot.study.configuration import Study
    from polyglot.workflow.ask_snakemake import DERIVED
    from polyglot.workflow.loading import registries_of

    root = Path(snakemake.scriptdir).parents[1]
    settings = {key: value for key, value in snakemake.config.items() if key != DERIVED}
    study = Study.model_validate(settings)
    found = rehearse(
        Rehearsal(
            study=study,
            registries=registries_of(study, root),
            used=snakemake.params.used,
            root=root,
            folder=Path(snakemake.params.folder),
            gpus=gpus_here(),
            software=snakemake.params.software,
        )
    )
    write_text(found, snakemake.output[0])
