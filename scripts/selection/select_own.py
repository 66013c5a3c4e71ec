"""The subset of a user's own data that a rule selects."""

from polyglot.selection.rules import RULES
from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import engine_environment

rule = RULES[snakemake.params.rule]
embedding = engine_environment(snakemake.params.model, embeds=True)

with running(snakemake, environment=embedding if rule.embeds else "analysis"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_text
    from polyglot.core.rows import write_rows
    from polyglot.engines.embedding import open_embedder
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.clustering import cluster
    from polyglot.selection.embeddings import text_of
    from polyglot.selection.own import chosen_from, read_samples, selected_rows, summary

    params = snakemake.params
    samples = read_samples(Path(snakemake.input.data))
    data, embeddings = samples.data, None
    if "quality" in rule.needs:
        measured = pd.read_parquet(snakemake.input.quality).set_index("id")["quality"]
        data = data.assign(quality=measured[data["id"]].to_numpy())
    if rule.embeds:
        model = Model(**params.model).operated(snakemake.config["operation"][params.name])
        embedder = open_embedder(local_folder(model, snakemake.input.model), model, batch_size=params.batch_size)
        embeddings = embedder.embed(text_of(data), title="embed samples")
    if "clusters" in rule.needs:
        data = data.assign(cluster=cluster(embeddings, params.seed))
    settings = {"size": params.examples, "ratio": params.ratio, "weight": params.weight, "seed": params.seed}
    taken = chosen_from(data, embeddings, rule=params.rule, **settings)
    lines = summary(samples, data, taken, rule=params.rule, to=Path(snakemake.output.rows))
    print(*lines, sep="\n")
    write_rows(selected_rows(samples, taken), Path(snakemake.output.rows))
    write_text("\n".join(lines) + "\n", Path(snakemake.output.summary))
