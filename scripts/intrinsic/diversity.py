"""Each text's mean cosine distance to all others of its training set."""

from polyglot.workflow.job import kept_table, running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model, embeds=True)):
    import numpy as np
    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.core.files import write_parquet
    from polyglot.engines.embedding import open_embedder
    from polyglot.intrinsic.diversity import distances_to_others
    from polyglot.registry.models import Model, local_folder

    data = pd.read_parquet(snakemake.input.data)
    fields = ("prompt", "response")
    found = pd.DataFrame({f"{field}_distance": np.nan for field in fields}, index=data.index)
    if len(data) >= MIN_EXAMPLES:

        def measured() -> pd.DataFrame:
            model = Model(**snakemake.params.model).operated(snakemake.config["operation"][snakemake.params.name])
            folder = local_folder(model, snakemake.input.model)
            embedder = open_embedder(folder, model, batch_size=snakemake.params.batch_size)

            def distances(field: str) -> np.ndarray:
                return distances_to_others(embedder.embed(list(data[field]), title=f"embed {field}s"))

            return pd.DataFrame({f"{field}_distance": distances(field) for field in fields})

        kept = kept_table(snakemake)
        found = kept.made(measured)
        kept.remove()
    write_parquet(pd.concat([data[["id"]], found], axis=1), snakemake.output[0])
