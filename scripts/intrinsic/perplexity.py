"""Perplexity of a base on every response, and lengths in its tokens."""

from polyglot.workflow.job import gpus_asked, kept_table, running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.core.conversations import histories, turns_before
    from polyglot.core.files import write_parquet
    from polyglot.intrinsic.perplexity import PerplexityMeter, perplexities
    from polyglot.models.tokenization import given_file

    data = pd.read_parquet(snakemake.input.data)
    settings = snakemake.params.perplexity
    found = data[["id"]].assign(chat_template=settings["chat_template"])
    if len(data) < MIN_EXAMPLES:
        empty = ("nll", "tokens", "perplexity", "prompt_tokens", "response_tokens")
        found = found.assign(**dict.fromkeys(empty, np.nan), status=None)
    else:

        def measured() -> pd.DataFrame:
            meter = PerplexityMeter(
                Path(snakemake.input.model),
                chat_template=settings["chat_template"],
                batch_size=settings["batch_size"],
                average=settings.get("average", "example"),
                template=given_file(snakemake.input.chat_template),
                gpus=gpus_asked(snakemake.resources),
            )
            shown = {"prompt": ["\n".join(turns) for turns in turns_before(data)], "response": data["response"]}
            lengths = {f"{field}_tokens": meter.count_tokens(texts) for field, texts in shown.items()}
            return meter.measure(data["prompt"], data["response"], before=histories(data)).assign(**lengths)

        kept = kept_table(snakemake)
        rows = kept.made(measured)
        print(f"examples by status: {rows['status'].value_counts().to_dict()}")
        print(perplexities(rows["nll"], rows["tokens"]))
        found = pd.concat([found, rows], axis=1)
        kept.remove()
    write_parquet(found, snakemake.output[0])
