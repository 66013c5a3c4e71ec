"""Per-example outcomes of a model on every benchmark of a language."""

from polyglot.workflow.job import gpus_asked, kept_table, running

with running(snakemake, environment="lighteval"):
    from pathlib import Path

    from polyglot.core.files import read_json, write_parquet
    from polyglot.evaluation.run import card_line, chance_scores, evaluate, no_outcomes
    from polyglot.evaluation.settings import Evaluation
    from polyglot.evaluation.tasks import Task
    from polyglot.models.tokenization import given_file
    from polyglot.training.students import NO_STUDENT, left_out

    settings, model = Evaluation(**snakemake.params.evaluation), Path(snakemake.input.model)
    if (model / NO_STUDENT).exists():
        print(read_json(model / NO_STUDENT))
        outcomes = no_outcomes()
    else:
        tasks = [
            Task(benchmark, snakemake.wildcards.lang, Path(folder), chosen, **snakemake.params.facts[benchmark])
            for (benchmark, chosen), folder in zip(settings.benchmarks.items(), snakemake.input.tasks, strict=True)
        ]
        kept = kept_table(snakemake)
        outcomes = kept.made(
            lambda: evaluate(
                model,
                tasks,
                batch_tokens=settings.batch_tokens,
                plain=snakemake.params.plain,
                chat_template=given_file(snakemake.input.chat_template),
                gpus=gpus_asked(snakemake.resources),
            )
        )
        kept.remove()
        if too_long := left_out(model):
            outcomes = outcomes.assign(too_long=too_long)
        print(card_line(tasks, outcomes))
        print("by chance:", "; ".join(f"{name} {score:.3f}" for name, score in chance_scores(tasks, outcomes).items()))
    write_parquet(outcomes, snakemake.output[0])
