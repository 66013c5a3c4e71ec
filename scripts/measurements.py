"""All measurements of a base and a recipe, with bootstrap replicates."""

from polyglot.job import running

with running(snakemake):
    from polyglot.files import write_csv, write_parquet
    from polyglot.measurements import CellFiles, collect

    params = snakemake.params
    files = CellFiles.arrange(snakemake.input, params.teachers, params.languages, params.seeds)
    found = collect(files, replicates=params.replicates, seed=params.seed)
    write_parquet(found.measurements, snakemake.output.measurements)
    write_csv(found.intrinsic, snakemake.output.intrinsic)
    write_csv(found.evaluation, snakemake.output.evaluation)
    write_csv(found.gaps, snakemake.output.gaps)
