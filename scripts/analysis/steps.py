"""Scores of an additive recipe's steps by task group."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from functools import partial

    import pandas as pd

    from polyglot.analysis.additive_steps import Resampling, TaskGroups, step_table
    from polyglot.core.cells import Cell
    from polyglot.core.files import write_csv
    from polyglot.scoring.outcomes import read_scored

    params, seeds = snakemake.params, snakemake.params.seeds
    read_outcomes = partial(read_scored, unscored=params.get("unscored") or ())
    cells = [Cell(*cell) for cell in params.cells]
    read = [read_outcomes(path) for path in snakemake.input.students]
    sizes = [len(pd.read_parquet(path, columns=["id"])) for path in snakemake.input.data]
    each = len(read) // max(1, len(cells))
    students = {cell: read[place * each : (place + 1) * each] for place, cell in enumerate(cells)}
    anchors = {
        (base, lang): (read_outcomes(one), read_outcomes(other))
        for (base, lang), one, other in zip(params.anchors, snakemake.input.base, snakemake.input.reference, strict=True)
    }
    given_up = {Cell(*cell): reason for *cell, reason in params.given_up}
    tables = [
        step_table(
            [(label, Cell(*step, lang)) for label, *step in params.steps],
            {cell: frames for cell, frames in students.items() if all(len(frame) for frame in frames)},
            anchors,
            {cell: sizes[place * seeds] for place, cell in enumerate(cells)},
            given_up=given_up,
            trainings=each // seeds,
            tasks=TaskGroups(params.groups, params.weights),
            resampling=Resampling(params.replicates, params.seed, params.confidence),
        )
        for lang in dict.fromkeys(lang for _, lang in params.anchors)
    ]
    write_csv(pd.concat(tables, ignore_index=True), snakemake.output[0])
