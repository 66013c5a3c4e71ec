"""Combine the answers of each prompt's assigned teacher, as one teacher's answers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.routing.assignment import gather

    assigned = pd.read_parquet(snakemake.input.assigned)
    answers: dict[str, list[pd.DataFrame]] = {}
    for (teacher, _), path in zip(snakemake.params.sources, snakemake.input.answers, strict=True):
        answers.setdefault(teacher, []).append(pd.read_parquet(path))
    by_teacher = {teacher: pd.concat(frames, ignore_index=True) for teacher, frames in answers.items()}
    for asked, path in zip(snakemake.input.requests, snakemake.output, strict=True):
        write_parquet(gather(pd.read_parquet(asked), assigned, by_teacher), path)
