"""Whether the scores find what the study knows by construction."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.configuration import Truth
    from polyglot.files import write_csv
    from polyglot.truth import agreement, check_truth

    replicates = pd.read_parquet(snakemake.input.replicates)
    cells, oracle = pd.read_csv(snakemake.input.cells), pd.read_csv(snakemake.input.oracle)
    checks = check_truth(Truth(**snakemake.params.truth), replicates, oracle, confidence=snakemake.params.confidence)
    write_csv(checks, snakemake.output.checks)
    write_csv(agreement(cells, oracle), snakemake.output.agreement)
