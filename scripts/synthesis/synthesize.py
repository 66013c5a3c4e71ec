"""A teacher's raw answers in a language: all methods in one engine start."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.teacher)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.core.sidefile import SideFile
    from polyglot.engines import engine_when_needed
    from polyglot.engines.base import owner_of
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder
    from polyglot.synthesis.answers import answer_frame
    from polyglot.synthesis.attempts import ask_until_read, in_order

    name = snakemake.wildcards.teacher
    model = Model(**snakemake.params.teacher).operated(snakemake.config["operation"][name])
    requests = [pd.read_parquet(path) for path in snakemake.input.requests]
    folder = None if model.endpoint else local_folder(model, snakemake.input.model)
    template = given_file(snakemake.input.chat_template)
    side = SideFile(Path(snakemake.params.side_file), owner_of(model, folder, template))
    answers = {}
    if any(len(asked) for asked in requests):
        engine = engine_when_needed(name, model, folder, snakemake.config, template)
        print(f"engine {model.engine}")
        answers = ask_until_read(
            engine,
            model,
            pd.concat(requests, ignore_index=True),
            side,
            retries=snakemake.params.retries,
            reading=snakemake.params.reading,
            batch_size=snakemake.params.batch_size,
            title=f"{name} writes {snakemake.wildcards.lang}",
        )
    for asked, path in zip(requests, snakemake.output, strict=True):
        write_parquet(answer_frame(in_order(asked["request_id"], answers)), path)
    side.finish()
