"""What a model's folder holds."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_json
    from polyglot.hub import lock

    write_json(lock(Path(snakemake.input[0])), snakemake.output[0])
