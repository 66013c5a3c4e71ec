"""One figure, in the shared style."""

from polyglot.workflow.job import running

with running(snakemake):
    from functools import partial
    from pathlib import Path

    from polyglot import figures
    from polyglot.core.files import read_frame
    from polyglot.displays.context import Context

    frames = {name: read_frame(path) for name, path in snakemake.input.items() if name != "style"}
    context = Context.of(snakemake.params.values, frames.get("gaps"))
    make = partial(getattr(figures, snakemake.params.values["function"]), context, **frames)
    figures.draw(make, [Path(path) for path in snakemake.output], style=Path(snakemake.input.style), **snakemake.params.look)
