"""Pre-training text and a tokenizer from the micro-world."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.core.files import write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.nano.corpus import build_corpus
    from polyglot.nano.pretraining import train_tokenizer
    from polyglot.nano.world import World

    params = snakemake.params
    world = World(Path(snakemake.input.lexicons[0]).parent, params.languages)
    templates = PromptTemplates(Path(snakemake.input.prompts[0]).parent)
    texts = []
    for lang, path in zip(params.languages, snakemake.output.corpora, strict=True):
        corpus = build_corpus(world, lang, params.names, templates, size=params.corpus_size, seed=params.seed)
        texts += [*corpus["completion"], *(turn["content"] for turns in corpus["messages"] for turn in turns)]
        write_parquet(corpus, path)
    chat_template = Path(snakemake.input.chat_template).read_text(encoding="utf-8")
    train_tokenizer(texts, chat_template, vocabulary=params.vocabulary).save_pretrained(snakemake.output.tokenizer)
