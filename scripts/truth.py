"""Whether the scores find what the study knows by construction."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.configuration import Truth
    from polyglot.files import write_csv, write_text
    from polyglot.tables import page
    from polyglot.truth import agreement, check_truth, truth_markdown

    replicates = pd.read_parquet(snakemake.input.replicates)
    cells, oracle = pd.read_csv(snakemake.input.cells), pd.read_csv(snakemake.input.oracle)
    flagged = set(pd.read_csv(snakemake.input.gaps).query("flagged")["lang"])
    checks = check_truth(Truth(**snakemake.params.truth), replicates, oracle, confidence=snakemake.params.confidence)
    agreed = agreement(cells, oracle)
    checks["flagged"] = checks["lang"].isin(flagged)
    write_csv(checks, snakemake.output.csv)
    write_csv(agreed, snakemake.output.agreement)
    write_text(page(truth_markdown(checks, agreed), title="Validity check"), snakemake.output.html)
