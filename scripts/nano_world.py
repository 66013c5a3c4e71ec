"""Corpora, seed dataset, benchmarks and tokenizer from the micro-world."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.files import write_jsonl, write_parquet
    from polyglot.nano.corpus import build_corpus
    from polyglot.nano.datasets import benchmark_rows, seed_dataset
    from polyglot.nano.pretraining import train_tokenizer
    from polyglot.nano.world import World
    from polyglot.prompts import PromptTemplates

    nano = snakemake.params.nano
    world = World(Path(snakemake.input.lexicons[0]).parent, nano["languages"])
    templates = PromptTemplates(Path(snakemake.input.prompts[0]).parent)
    texts = []
    for lang, corpus_path, seed_path in zip(nano["languages"], snakemake.output.corpora, snakemake.output.seeds, strict=True):
        corpus = build_corpus(world, lang, snakemake.params.names, templates, size=nano["corpus_size"], seed=nano["seed"])
        texts += [*corpus["completion"], *(turn["content"] for turns in corpus["messages"] for turn in turns)]
        write_parquet(corpus, corpus_path)
        write_parquet(seed_dataset(world, lang, limit=nano["seed_items"], seed=nano["seed"]), seed_path)
    for folder in map(Path, snakemake.output.tasks):
        benchmark, lang = folder.parts[-2:]
        rows = benchmark_rows(world, benchmark, lang, limit=nano["benchmark_items"], seed=nano["seed"])
        for split, content in rows.items():
            write_jsonl(content, folder / f"{split}.jsonl")
    chat_template = Path(snakemake.input.chat_template).read_text(encoding="utf-8")
    train_tokenizer(texts, chat_template, vocabulary=nano["vocabulary"]).save_pretrained(snakemake.output.tokenizer)
