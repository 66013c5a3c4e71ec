"""A benchmark's items in a language, from its own files on the hub."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.evaluation.items import write_items
    from polyglot.registry.data import BenchmarkFacts

    names = snakemake.wildcards
    facts = BenchmarkFacts(**snakemake.params.facts, source="")
    print(write_items(names.benchmark, facts, Path(snakemake.input[0]), names.lang, Path(snakemake.output[0])))
