"""How much of the data is usable, by teacher, language and method."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.analysis.tables import yield_table
    from polyglot.core.files import write_csv

    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input.answers], ignore_index=True)
    write_csv(yield_table(answers, snakemake.params.rates), snakemake.output[0])
