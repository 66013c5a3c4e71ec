"""Requests to a teacher for what the wanted size needs beside the answers that are there."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.publishing.amounts import still_to_ask
    from polyglot.synthesis.filters.chain import without_finds

    params, files = snakemake.params, snakemake.input

    def of_methods(paths):
        """Files by method, which come one method after another."""
        size = len(paths) // len(params.methods)
        return {method: paths[size * place : size * (place + 1)] for place, method in enumerate(params.methods)}

    there, stock = of_methods(list(files.get("answers", []))), of_methods(list(files.get("stock", [])))
    answers = {
        method: [without_finds(pd.read_parquet(path), params.left_out) for path in there[method]] for method in params.wanted
    }
    requests = {method: [pd.read_parquet(path) for path in paths] for method, paths in stock.items()}
    most = {method: sum(map(len, frames)) for method, frames in requests.items()}
    needed, found = still_to_ask(answers, params.size, most)
    print(f"wanted: {params.size}; there: {found}; asked further: {needed}")
    for (method, frames), path in zip(requests.items(), snakemake.output, strict=True):
        write_parquet(pd.concat(frames, ignore_index=True).head(needed.get(method, 0)), path)
