"""One figure, in the shared style."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from functools import partial
    from pathlib import Path

    from polyglot.core.files import read_frame
    from polyglot.displays.context import Context
    from polyglot.displays.figures.style import draw
    from polyglot.displays.makers import maker

    frames = {name: read_frame(path) for name, path in snakemake.input.items() if name != "style"}
    context = Context.of(snakemake.params.values, frames.get("gaps"), frames)
    make = partial(maker("figure", snakemake.params.values["function"]), context, **frames)
    draw(make, [Path(path) for path in snakemake.output], style=Path(snakemake.input.style), **snakemake.params.look)
