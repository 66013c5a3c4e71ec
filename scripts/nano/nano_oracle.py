"""The share of each teacher's pairs that are correct, by the micro-world's answers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_csv
    from polyglot.nano.oracle import grade
    from polyglot.nano.world import World

    world = World(Path(snakemake.input.lexicons[0]).parent, snakemake.params.languages)
    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input.synthetic], ignore_index=True)
    write_csv(grade(world, answers), snakemake.output[0])
