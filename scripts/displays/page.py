"""The study's page."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_text
    from polyglot.displays.page.document import Files, page

    params = snakemake.params
    text = page(Path(snakemake.input.template), Files(**params.files), params.values, params.facts)
    write_text(text, snakemake.output[0])
