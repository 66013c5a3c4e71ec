"""An embedding of every question of the benchmarks of a language."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from polyglot.engines.embedding import open_embedder
    from polyglot.evaluation.items import benchmark_questions
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.embeddings import write_embeddings

    params = snakemake.params
    texts = [(name, text) for name, texts in benchmark_questions(map(Path, snakemake.input.tasks)).items() for text in texts]
    asked = pd.DataFrame(texts, columns=["benchmark", "question"], dtype=str).drop_duplicates(ignore_index=True)
    asked, embeddings = asked[asked["question"].str.strip() != ""], np.empty((0, 1), dtype=np.float32)
    if len(asked):
        model = Model(**params.model).operated(snakemake.config["operation"][params.name])
        embedder = open_embedder(local_folder(model, snakemake.input.model), model, batch_size=params.batch_size)
        embeddings = embedder.embed(list(asked["question"]), title="embed questions")
    texts = {name: list(asked[name]) for name in asked}
    write_embeddings([f"question{number}" for number in range(len(asked))], embeddings, Path(snakemake.output[0]), **texts)
