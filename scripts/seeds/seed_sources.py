"""Row counts by outcome for every source of the seed dataset."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import read_frame, write_csv
    from polyglot.seeds.sources import counts_in_words, overview

    counts = pd.concat([read_frame(path) for path in snakemake.input], ignore_index=True)
    write_csv(overview(counts), snakemake.output[0])
    print(counts_in_words(counts))
