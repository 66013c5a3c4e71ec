"""A nano model trained from scratch on the micro-world."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.models.tokenization import load_tokenizer
    from polyglot.nano.pretraining import draw_examples, pretrain
    from polyglot.registry.models import Pretraining

    settings = Pretraining(**snakemake.params.pretraining)
    corpora = {
        lang: pd.read_parquet(path) for lang, path in zip(snakemake.params.languages, snakemake.input.corpora, strict=True)
    }
    examples = draw_examples(
        corpora,
        settings.languages,
        size=settings.steps * settings.batch_size,
        corruption=settings.corruption,
        seed=settings.seed,
        kinds=settings.kinds,
    )
    tokenizer = load_tokenizer(snakemake.input.tokenizer)
    print(pretrain(tokenizer, examples, Path(snakemake.output[0]), settings, checkpoints=Path(snakemake.params.checkpoints)))
