"""The seed rows of a public data set in a language."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_csv, write_parquet
    from polyglot.registry import Source
    from polyglot.sources import collect, stream

    name, source = snakemake.wildcards.source, Source(**snakemake.params.source)
    rows, counts = collect(
        name,
        source,
        stream(name, source, Path(snakemake.input[0])),
        snakemake.wildcards.lang,
        most=snakemake.params.most,
        seed=snakemake.params.seed,
    )
    write_parquet(rows, snakemake.output.rows)
    write_csv(counts, snakemake.output.counts)
    print(counts.to_string(index=False))
