"""Perplexity of a base on every response, and lengths in its tokens."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.files import write_parquet
    from polyglot.perplexity import PerplexityMeter, summarise

    data = pd.read_parquet(snakemake.input.data)
    settings = snakemake.params.perplexity
    meter = PerplexityMeter(
        Path(snakemake.input.model), chat_template=settings["chat_template"], batch_size=settings["batch_size"]
    )
    measured = meter.measure(data["prompt"], data["response"])
    print(summarise(measured["nll"], measured["tokens"]))
    lengths = {f"{field}_tokens": meter.count_tokens(data[field]) for field in ("prompt", "response")}
    write_parquet(
        pd.concat([data[["id"]], measured], axis=1).assign(**lengths, chat_template=settings["chat_template"]),
        snakemake.output[0],
    )
