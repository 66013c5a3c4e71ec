"""One figure, in the shared style."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import read_frame
    from polyglot.displays.context import Context
    from polyglot.displays.figures.drawing import draw
    from polyglot.displays.makers import maker
    from polyglot.study.figures import Look

    frames = {name: read_frame(path) for name, path in snakemake.input.items() if name != "style"}
    context = Context.of(snakemake.params.values, frames.get("gaps"), frames)
    make = maker("figure", snakemake.params.values["function"])
    draw(
        lambda context: make(context, **frames),
        context,
        Look(**snakemake.params.look),
        [Path(path) for path in snakemake.output],
        style=Path(snakemake.input.style),
        name=snakemake.wildcards.figure,
    )
