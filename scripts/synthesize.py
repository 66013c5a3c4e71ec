"""A teacher's raw answers in a language: all methods in one engine start."""

from polyglot.job import running

with running(snakemake):
    import json
    from pathlib import Path

    import pandas as pd

    from polyglot.engines import open_engine
    from polyglot.files import write_parquet
    from polyglot.hashing import content_id, folder_fingerprint
    from polyglot.registry import Model
    from polyglot.sidefile import SideFile
    from polyglot.synthesis import ask

    model = Model(**snakemake.params.teacher)
    requests = [pd.read_parquet(path) for path in snakemake.input.requests]
    owner = content_id(folder_fingerprint(snakemake.input.model), json.dumps(model.sampling.model_dump(), sort_keys=True))
    side = SideFile(Path(snakemake.params.side_file), owner)
    engine = open_engine(model.engine, Path(snakemake.input.model), model.sampling)
    print(f"engine {model.engine}, answers independent of their batch: {engine.deterministic}")
    answers = ask(
        engine,
        pd.concat(requests, ignore_index=True),
        side,
        batch_size=snakemake.params.batch_size,
        title=f"{snakemake.wildcards.teacher} writes {snakemake.wildcards.lang}",
    )
    for asked, path in zip(requests, snakemake.output, strict=True):
        write_parquet(pd.DataFrame([answers[request_id].as_dict() for request_id in asked["request_id"]]), path)
    side.remove()
