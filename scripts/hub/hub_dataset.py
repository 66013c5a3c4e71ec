"""A data set from the hub."""

from polyglot.workflow.job import running

with running(snakemake, online=True):
    from pathlib import Path

    from polyglot.models.hub import fetch, lock_file

    params, folder = snakemake.params, Path(snakemake.output[0])
    partial = Path(params.partial)
    options = {"partial": partial, "wanted": params.wanted, "licence": params.licence, "locked": lock_file(folder)}
    print(fetch("dataset", params.repository, params.revision, folder, **options))
