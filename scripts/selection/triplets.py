"""Instructions with a good response and a worse one."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.files import write_parquet
    from polyglot.nano.corruption import quality_triplets
    from polyglot.nano.world import World
    from polyglot.selection.pairs import COLUMNS, read_pairs

    settings = snakemake.params.selection
    if snakemake.input.pairs:
        found = read_pairs(Path(snakemake.input.pairs), held_out=settings["held_out"], seed=settings["seed"])
    else:
        world = World(Path(snakemake.input.lexicons[0]).parent, snakemake.params.languages)
        found = quality_triplets(
            world, examples=settings["triplets"], wrong_answers=settings["wrong_answers"], seed=settings["seed"]
        )
    print(found.groupby(["held_out", "lang", "kind", "category"]).size().to_string())
    write_parquet(found[list(COLUMNS)], snakemake.output[0])
