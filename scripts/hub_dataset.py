"""A data set from the hub."""

from polyglot.job import running

with running(snakemake, online=True):
    from pathlib import Path

    from polyglot.hub import fetch

    params, folder = snakemake.params, Path(snakemake.output[0])
    options = {"wanted": params.wanted, "licence": snakemake.config["licences"][params.repository]}
    print(fetch("dataset", params.repository, params.revision, folder, partial=Path(params.partial), **options))
