"""A model from the hub."""

from polyglot.job import running

with running(snakemake, online=True):
    from pathlib import Path

    from polyglot.hub import fetch, lock_file

    params = snakemake.params
    licence = snakemake.config["licences"][params.repository]
    folder, partial = Path(snakemake.output[0]), Path(params.partial)
    options = {"partial": partial, "licence": licence, "locked": lock_file(folder)}
    print(fetch("model", params.repository, params.revision, folder, **options))
