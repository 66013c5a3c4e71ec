"""How well the quality model separates unseen good and worse responses, compared with the untrained encoder."""

from polyglot.workflow.job import running

with running(snakemake, environment="embedding"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_csv
    from polyglot.engines.embedding import SentenceTransformersEmbedder
    from polyglot.registry.models import Model, local_folder
    from polyglot.selection.quality_model import score
    from polyglot.selection.quality_validity import validity

    params, model = snakemake.params, Model(**snakemake.params.model)
    triplets = pd.read_parquet(snakemake.input.triplets)
    held_out = triplets[triplets["held_out"]].reset_index(drop=True)
    folders = {"trained": Path(snakemake.input.model), "untrained": local_folder(model, snakemake.input.start)}
    scores = {}
    for name, folder in folders.items():
        embedder = SentenceTransformersEmbedder(folder, model, params.batch_size)
        scores[name] = tuple(score(embedder, list(held_out["anchor"]), list(held_out[side])) for side in ("positive", "negative"))
    found = validity(held_out, scores, replicates=params.replicates, confidence=params.confidence, seed=params.seed)
    print(found.to_string())
    write_csv(found, snakemake.output[0])
