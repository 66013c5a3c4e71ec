"""All measurements of an experiment, with bootstrap replicates."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from polyglot.core.cells import Cell
    from polyglot.core.files import write_csv, write_parquet
    from polyglot.intrinsic.metrics import STANDARD, recorded
    from polyglot.scoring.measurements import CellFiles, collect

    params = snakemake.params
    metrics = recorded(params.get("metrics"), STANDARD)
    given_up = {Cell(*cell): reason for *cell, reason in params.given_up}
    more = {"metrics": metrics, "unscored": params.get("unscored") or ()}
    files = CellFiles.arrange(snakemake.input, params.cells, params.anchors, seeds=params.seeds, **more)
    settings = {"replicates": params.replicates, "seed": params.seed}
    found = collect(files, **settings, given_up=given_up, metrics=metrics)
    write_parquet(found.measurements, snakemake.output.measurements)
    named = set(snakemake.output.keys())
    for name in named & {"intrinsic", "evaluation", "gaps", "holes", "spread"}:  # archives made before `spread` have none
        write_csv(getattr(found, name), snakemake.output[name])
