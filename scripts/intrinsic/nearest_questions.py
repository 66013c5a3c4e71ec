"""The benchmark question that is nearest in meaning to each prompt: of answers, or of a seed dataset."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from polyglot.core.conversations import turns_before
    from polyglot.core.files import write_parquet
    from polyglot.engines.base import Answer
    from polyglot.engines.embedding import open_embedder
    from polyglot.intrinsic.nearest import Questions, nearest_questions
    from polyglot.intrinsic.settings import MOST_SEEDS
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.embeddings import read_embeddings
    from polyglot.synthesis.answers import read_pairs

    given, params = snakemake.input, snakemake.params

    def asked() -> Iterator[pd.DataFrame]:
        """Prompts with their ids."""
        if given.get("seed"):
            seeds = pd.read_parquet(given.seed)
            yield seeds.sample(min(len(seeds), MOST_SEEDS), random_state=0)
            return
        for requests, answers in zip(map(pd.read_parquet, given.requests), map(pd.read_parquet, given.answers), strict=True):
            told = {row["id"]: Answer(**row) for row in answers.to_dict("records")}
            found = read_pairs(requests, told, params.reading).rename(columns={"request_id": "id"})
            yield found[found["status"] == "ok"]

    turns = {name: texts for rows in asked() for name, texts in zip(rows["id"], turns_before(rows), strict=True)}

    def embed(texts: list[str]) -> object:
        model = Model(**params.model).operated(snakemake.config["operation"][params.name])
        embedder = open_embedder(local_folder(model, given.model), model, batch_size=params.batch_size)
        return embedder.embed(texts, title="embed prompts")

    questions = (
        Questions(Path(path).stem, pd.read_parquet(path, columns=["benchmark", "question"]), read_embeddings([Path(path)]))
        for path in given.questions
    )
    write_parquet(nearest_questions(turns, embed, questions), snakemake.output[0])
