"""One table, as CSV, Markdown, LaTeX and HTML."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import read_frame
    from polyglot.displays.context import Context
    from polyglot.displays.makers import maker

    frames = {name: read_frame(path) for name, path in snakemake.input.items()}
    context = Context.of(snakemake.params.values, frames.get("gaps"), frames)
    table = maker("table", snakemake.params.values["function"])(context, **frames)
    table.write(*(Path(snakemake.output[kind]) for kind in ("csv", "markdown", "latex", "html")))
