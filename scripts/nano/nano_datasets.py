"""Seed dataset and benchmarks from the micro-world."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.core.files import write_jsonl, write_parquet
    from polyglot.nano.datasets import benchmark_rows, seed_dataset
    from polyglot.nano.world import World

    params = snakemake.params
    world = World(Path(snakemake.input.lexicons[0]).parent, params.languages)
    for lang, path in zip(params.languages, snakemake.output.seeds, strict=True):
        write_parquet(seed_dataset(world, lang, limit=params.seed_items, seed=params.seed), path)
    for folder in map(Path, snakemake.output.tasks):
        benchmark, lang = folder.parts[-2:]
        rows = benchmark_rows(world, benchmark, lang, limit=params.benchmark_items, seed=params.seed)
        for split, content in rows.items():
            write_jsonl(content, folder / f"{split}.jsonl")
