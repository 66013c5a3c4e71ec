"""A student's answers to the judged prompts."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.base)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_json, write_parquet
    from polyglot.core.hashing import stable_seed
    from polyglot.core.sidefile import SideFile
    from polyglot.engines import engine_when_needed
    from polyglot.engines.base import Request, answer_all, owner_of
    from polyglot.registry.models import Model
    from polyglot.synthesis.answers import answer_frame
    from polyglot.training.students import NO_STUDENT

    base, folder = snakemake.wildcards.base, Path(snakemake.input.model)
    prompts = pd.read_parquet(snakemake.input.prompts)
    answers = {}
    if (folder / NO_STUDENT).exists():
        print(read_json(folder / NO_STUDENT))
        prompts = prompts.head(0)
    else:
        model = Model(**snakemake.params.base).operated(snakemake.config["operation"][base])
        side = SideFile(Path(snakemake.params.side_file), owner_of(model, folder, None))
        requests = [
            Request(row["id"], [{"role": "user", "content": row["prompt"]}], seed=stable_seed("student", row["id"]))
            for row in prompts.to_dict("records")
        ]
        engine = engine_when_needed(base, model, folder, snakemake.config)
        answers = answer_all(engine, requests, side, batch_size=snakemake.params.batch_size, title="student answers")
        side.finish()
    found = answer_frame(answers[one] for one in prompts["id"]).merge(
        prompts[["id", "prompt", "trained"]], on="id", validate="one_to_one"
    )
    write_parquet(found, snakemake.output[0])
