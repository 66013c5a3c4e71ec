"""The seed rows of a public data set in a language, and counts of dropped rows."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.core.files import write_csv, write_parquet
    from polyglot.registry.data import Source
    from polyglot.replication.published import read_published_table
    from polyglot.seeds.sources import beside_published, collect, counts_in_words, stream
    from polyglot.seeds.threads import reader

    name, source = snakemake.wildcards.source, Source(**snakemake.params.source)
    folder, whole = Path(snakemake.input.folder), snakemake.params.get("turns", "first") == "all"
    rows, counts = collect(
        name,
        source,
        stream(name, source, folder),
        snakemake.wildcards.lang,
        most=snakemake.params.most,
        seed=snakemake.params.seed,
        conversations=reader(source, lambda: stream(name, source, folder)) if whole else None,
    )
    counts = beside_published(counts, read_published_table(Path(snakemake.input.published)), snakemake.params.published)
    write_parquet(rows, snakemake.output.rows)
    write_csv(counts, snakemake.output.counts)
    print(counts_in_words(counts))
