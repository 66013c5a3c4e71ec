"""Instructions with a good response and a worse one."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.files import write_parquet
    from polyglot.nano.corruption import corrupted_responses
    from polyglot.nano.world import World
    from polyglot.selection.pairs import read_pairs, triplets

    settings = snakemake.params.selection
    if snakemake.input.pairs:
        found = read_pairs(Path(snakemake.input.pairs), held_out=settings["held_out"], seed=settings["seed"])
    else:
        langs = snakemake.params.languages
        world = World(Path(snakemake.input.lexicons[0]).parent, langs)
        examples, seed = settings["triplets"], settings["seed"]
        taught = corrupted_responses(world, langs, examples=examples, seed=seed, split="pretrain")
        few = max(50, round(examples * settings["held_out"]))
        held_out = corrupted_responses(world, langs, examples=few, seed=seed, split="seed", known=set(taught["gold"]))
        sides = [triplets(taught, held_out=False), triplets(held_out, held_out=True)]
        found = pd.concat(sides, ignore_index=True)
    print(found.groupby(["held_out", "lang", "kind"]).size().to_string())
    write_parquet(found, snakemake.output[0])
