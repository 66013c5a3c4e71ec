"""How many answers of each teacher can be used, by status."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_csv
    from polyglot.tables import yield_table

    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input], ignore_index=True)
    write_csv(yield_table(answers), snakemake.output[0])
