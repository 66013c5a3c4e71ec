"""Routing quality of routed teachers, and the cost of their data."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_csv
    from polyglot.routing.comparison import Routings, compare

    params = snakemake.params
    routings = Routings(
        routed=params.routed,
        single=params.single,
        teachers=params.teachers,
        calibrations={base: pd.read_parquet(path) for base, path in zip(params.bases, snakemake.input.calibration, strict=True)},
        scores={base: pd.read_parquet(path) for base, path in zip(params.with_router, snakemake.input.judged, strict=True)},
        assigned={tuple(cell): pd.read_parquet(path) for cell, path in zip(params.cells, snakemake.input.assigned, strict=True)},
    )
    found = compare(routings, replicates=params.replicates, confidence=params.confidence, seed=params.seed)
    for name, frame in found.items():
        write_csv(frame, snakemake.output[name])
