"""Whether the scores recover the study's known ground truth."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.analysis.settings import Truth
    from polyglot.analysis.truth import agreement, check_truth
    from polyglot.core.files import read_frame, write_csv
    from polyglot.intrinsic.metrics import STANDARD, recorded

    replicates = pd.read_parquet(snakemake.input.replicates)
    cells, oracle = read_frame(snakemake.input.cells), read_frame(snakemake.input.oracle)
    checks = check_truth(Truth(**snakemake.params.truth), replicates, oracle, confidence=snakemake.params.confidence)
    write_csv(checks, snakemake.output.checks)
    metrics = recorded(snakemake.params.get("metrics"), STANDARD)
    write_csv(agreement(cells, oracle, metrics), snakemake.output.agreement)
