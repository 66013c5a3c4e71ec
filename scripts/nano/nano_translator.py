"""A nano translation model, trained from scratch on the micro-world's parallel sentences."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.nano.translator import train_translator
    from polyglot.nano.world import World
    from polyglot.registry.models import TranslatorTraining

    params = snakemake.params
    world = World(Path(snakemake.input.lexicons[0]).parent, list(params.codes))
    settings = TranslatorTraining(**params.training)
    out, checkpoints = Path(snakemake.output[0]), Path(params.checkpoints)
    print(train_translator(world, out, settings, codes=params.codes, checkpoints=checkpoints))
