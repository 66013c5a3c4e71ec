"""How good a choice of teacher is in languages and on benchmarks that it was not made by."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from functools import partial

    import pandas as pd

    from polyglot.analysis.generalisation import fold_table, rule_table
    from polyglot.analysis.held_out import Known, Scoring, draws_by_language
    from polyglot.core.cells import Cell
    from polyglot.core.files import write_csv
    from polyglot.intrinsic.metrics import PAPER, recorded
    from polyglot.scoring.outcomes import read_scored

    params, paths = snakemake.params, snakemake.input
    read_outcomes = partial(read_scored, unscored=params.get("unscored") or ())
    cells = [Cell(*cell) for cell in params.cells]
    read = [read_outcomes(path) for path in paths.students]
    each = len(read) // max(1, len(cells))
    students = {cell: read[place * each : (place + 1) * each] for place, cell in enumerate(cells)}
    anchors = {
        lang: (read_outcomes(one), read_outcomes(other))
        for (_, lang), one, other in zip(params.anchors, paths.base, paths.reference, strict=True)
    }
    own = {tuple(pair): read_outcomes(path) for pair, path in zip(params.teachers, paths.outcomes, strict=True)}
    scored = recorded(params.scored, PAPER)
    scoring = Scoring(params.definition, params.alpha, params.confidence, params.seed, scored, params.perplexity)
    counts = {"replicates": params.replicates, "seed": params.seed, "trainings": each // params.seeds}
    draws = draws_by_language(students, anchors, **counts)
    folds = Known(draws, pd.read_parquet(paths.measurements), own, params.sizes, scoring).folds()
    write_csv(rule_table(folds, confidence=params.confidence), snakemake.output.rules)
    write_csv(fold_table(folds), snakemake.output.folds)
