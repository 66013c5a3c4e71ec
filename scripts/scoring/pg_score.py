"""PG-Scores of every cell and teacher of an experiment in three definitions."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import read_frame, write_csv, write_parquet
    from polyglot.intrinsic.metrics import PAPER, recorded
    from polyglot.scoring.scores import rank_teachers, score_cells
    from polyglot.scoring.sensitivity import sensitivity

    params = snakemake.params
    settings = {"alpha": params.alpha, "confidence": params.confidence, "recipe": params.recipe}
    settings |= {"scored": recorded(params.get("scored"), PAPER), "perplexity": params.get("perplexity", "median")}
    measured = pd.read_parquet(snakemake.input.measurements)
    frozen = read_frame(snakemake.input.scale) if snakemake.input.scale else None
    settings["frozen"] = frozen
    cells, replicates = score_cells(measured, **settings)
    teachers = rank_teachers(replicates, definition=params.definition, confidence=params.confidence)
    write_csv(cells, snakemake.output.cells)
    write_parquet(replicates, snakemake.output.replicates)
    write_csv(teachers, snakemake.output.teachers)
    found = sensitivity(measured, **settings, definition=params.definition)
    write_csv(found, snakemake.output.sensitivity)
