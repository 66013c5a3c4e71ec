"""Coverage, quality and win rates (against the whole set) of an experiment's selections."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_csv
    from polyglot.selection.comparison import coverage_table, win_rate_table, win_rates_by_level

    params, paths = snakemake.params, snakemake.input
    cells = [(*cell, str(seed)) for cell in params.cells for seed in params.seeds]

    def frames(kind: str) -> list[pd.DataFrame]:
        return [pd.read_parquet(path) for path in paths[kind]]

    write_csv(coverage_table(cells, frames("data"), frames("quality"), frames("clusters")), snakemake.output.coverage)
    duels = {tuple(cell): frame for cell, frame in zip(params.duels, frames("duels"), strict=True)}
    drawn = {"replicates": params.replicates, "confidence": params.confidence, "seed": params.seed}
    write_csv(win_rate_table(duels, **drawn), snakemake.output.win_rates)
    write_csv(win_rates_by_level(duels, params.levels, **drawn), snakemake.output.by_level)
