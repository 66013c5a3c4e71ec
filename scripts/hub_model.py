"""A model from the hub."""

from polyglot.job import running

with running(snakemake, online=True):
    from pathlib import Path

    from polyglot.hub import fetch

    params = snakemake.params
    print(fetch("model", params.repository, params.revision, Path(snakemake.output[0]), partial=Path(params.partial)))
