"""The data of a task of lighteval in a language, as far as the task reads them."""

from polyglot.workflow.job import running

with running(snakemake, environment="lighteval"):
    from pathlib import Path

    from polyglot.evaluation.lighteval_rows import prepare

    folder, out = Path(snakemake.input[0]), Path(snakemake.output[0])
    print(prepare(snakemake.wildcards.benchmark, folder=folder, out=out, **snakemake.params.task))
