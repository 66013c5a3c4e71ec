"""A nano model fine-tuned on correct answers: the reference, or the reward model."""

from polyglot.workflow.job import running

with running(snakemake, environment="trl"):
    from pathlib import Path

    from polyglot.nano.gold import gold_pairs, graded_responses, train_reward_model
    from polyglot.nano.world import World
    from polyglot.registry.models import Model
    from polyglot.training.settings import Training
    from polyglot.training.students import fine_tune

    model = Model(**snakemake.params.model)
    tuning = model.gold_tuning
    langs = snakemake.params.languages
    world = World(Path(snakemake.input.lexicons[0]).parent, langs)
    start, out, checkpoints = map(Path, (snakemake.input.start, snakemake.output[0], snakemake.params.checkpoints))
    if model.role == "reward":
        graded = graded_responses(world, langs, examples=tuning.examples, seed=tuning.seed)
        held_out = graded_responses(world, langs, examples=100, seed=tuning.seed, split="seed")
        print(train_reward_model(start, graded, held_out, out, tuning, checkpoints=checkpoints))
    else:
        pairs = gold_pairs(world, langs, examples=tuning.examples, seed=tuning.seed)
        training = Training(
            examples=len(pairs),
            epochs=tuning.epochs,
            learning_rate=tuning.learning_rate,
            batch_size=tuning.batch_size,
            checkpoint_steps=100,
        )
        print(fine_tune(start, pairs, out, training, seed=tuning.seed, checkpoints=checkpoints))
