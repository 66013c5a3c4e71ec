"""PG-Scores of every cell and teacher in three definitions."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_csv, write_parquet
    from polyglot.scores import alpha_sensitivity, rank_teachers, score_cells

    measured = pd.read_parquet(snakemake.input[0])
    alpha, confidence = snakemake.params.alpha, snakemake.params.confidence
    cells, replicates = score_cells(measured, alpha=alpha, confidence=confidence)
    teachers = rank_teachers(cells, replicates, definition=snakemake.params.definition, confidence=confidence)
    write_csv(cells, snakemake.output.cells)
    write_parquet(replicates, snakemake.output.replicates)
    write_csv(teachers, snakemake.output.teachers)
    weights = [step / 10 for step in range(11)]
    write_csv(alpha_sensitivity(measured, weights, at=alpha), snakemake.output.sensitivity)
