"""One figure, in the shared style."""

from polyglot.job import running

with running(snakemake):
    from functools import partial
    from pathlib import Path

    import pandas as pd

    from polyglot import figures

    params = snakemake.params
    tables = {name: pd.read_csv(path) for name, path in snakemake.input.items() if name != "style" and path}
    gaps = tables.pop("gaps", None)
    flagged = [] if gaps is None else list(gaps.loc[gaps["flagged"], "lang"])
    labels = figures.Labels(params.labels["teachers"], params.labels["languages"], flagged)
    settings = {name: value for name, value in params.items() if name in ("definition", "confidence", "teachers")}
    make = partial(getattr(figures, params.figure), **tables, **settings, labels=labels)
    figures.draw(make, [Path(path) for path in snakemake.output], style=Path(snakemake.input.style), **params.style)
