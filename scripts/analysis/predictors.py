"""How well scores that train no student order the teachers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.analysis.predictor_values import GAIN, PAIRS, RIGHT, predictor_values
    from polyglot.analysis.predictors import Resampling, predictor_table
    from polyglot.core.files import read_frame, write_csv
    from polyglot.intrinsic.metrics import STANDARD, recorded
    from polyglot.provenance.timings import mean_costs

    params, given = snakemake.params, snakemake.input
    cells = [(teacher, lang) for _, _, teacher, lang in params.cells]
    read = [pd.read_parquet(path) for path in given.gradients]
    gradients = {cell: read[place * params.seeds : (place + 1) * params.seeds] for place, cell in enumerate(cells)}
    oracle = read_frame(given.oracle) if given.oracle else None
    values, scores = predictor_values(read_frame(given.cells), gradients, recorded(params.metrics, STANDARD), oracle)
    print(
        f"pairs with gradients, by cell: {values[PAIRS].value_counts().to_dict()}; dimensions: {params.gradients['dimensions']}"
    )
    write_csv(values.assign(dimensions=params.gradients["dimensions"]), snakemake.output.values)
    outcomes = [name for name in (GAIN, RIGHT) if name in values.columns]
    settings = Resampling(params.replicates, params.permutations, params.seed, params.confidence)
    write_csv(predictor_table(values, scores, outcomes, settings), snakemake.output.predictors)
    base, recipe = params.cells[0][:2]
    rules = ("gradients", "perplexity", "reward", "diversity", "metric", "student", "evaluate_student")
    write_csv(mean_costs(Path(params.results), rules, recipe, base), snakemake.output.costs)
