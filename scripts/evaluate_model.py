"""Per-example outcomes of a model on every benchmark of a language."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    from polyglot.configuration import Evaluation
    from polyglot.evaluation import Task, evaluate
    from polyglot.files import write_parquet

    settings = Evaluation(**snakemake.params.evaluation)
    tasks = [
        Task(benchmark, snakemake.wildcards.lang, Path(folder), chosen)
        for (benchmark, chosen), folder in zip(settings.benchmarks.items(), snakemake.input.tasks, strict=True)
    ]
    outcomes = evaluate(Path(snakemake.input.model), tasks, batch_size=settings.batch_size)
    scores = (outcomes["weight"] * outcomes["correct"]).groupby(outcomes["benchmark"]).sum()
    print(scores.to_string())
    write_parquet(outcomes, snakemake.output[0])
