"""What a model's folder holds."""

from polyglot.workflow.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.core.files import write_json
    from polyglot.models.hub import lock

    write_json(lock(Path(snakemake.input[0])), snakemake.output[0])
