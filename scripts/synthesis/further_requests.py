"""As many further requests to a teacher as its training sets lack usable answers."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.synthesis.further import Answered, Want, further_needed
    from polyglot.synthesis.mixing import known_as

    params = snakemake.params
    wants = [Want(tuple(methods), examples) for methods, examples in params.wants]
    answered = {}
    for method, path in zip(params.methods, snakemake.input.answers, strict=True):
        found = pd.read_parquet(path)
        usable = found[found["status"] == "ok"]
        answered[method] = Answered(len(found), len(usable), int(usable.duplicated(known_as(usable)).sum()))
    needed = further_needed(answered, wants, most=params.most)
    print(f"wanted: {wants}; answered: {answered}; asked further: {needed}")
    for method, stock, path in zip(params.methods, snakemake.input.stock, snakemake.output, strict=True):
        write_parquet(pd.read_parquet(stock).head(needed[method]), path)
