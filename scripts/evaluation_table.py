"""Scores of base, reference and students by benchmark and language, with flags."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_csv

    gaps = pd.read_csv(snakemake.input.gaps)
    table = pd.read_csv(snakemake.input.evaluation).merge(
        gaps[["lang", "gap", "gap_se", "flagged"]], on="lang", validate="many_to_one"
    )
    write_csv(table, snakemake.output[0])
