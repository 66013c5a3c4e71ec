"""What is added for the wanted size, and its price, before any of it is asked."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import read_frame, read_json, write_csv, write_text
    from polyglot.publishing.amounts import plan_row, plan_text

    params, files = snakemake.params, snakemake.input
    choice, requests = read_json(files.choice), iter(files.requests)
    prices = read_frame(files.prices) if files.prices else pd.DataFrame(columns=["teacher", "lang"])
    rows = []
    for lang, one in choice["languages"].items():
        routed = params.routed.get(one["teacher"])
        asked = routed[lang][one["recipe"]] if routed else sum(len(pd.read_parquet(next(requests))) for _ in params.methods)
        past = prices[(prices["teacher"] == one["teacher"]) & (prices["lang"] == lang)].to_dict("records")
        rows.append(
            plan_row(
                lang,
                one,
                asked,
                past[0] if past else None,
                rates=params.rates.get(one["teacher"]),
                usual=tuple(params.usual),
                usd_per_gpu_hour=params.usd_per_gpu_hour,
            )
        )
    table = pd.DataFrame(rows)
    text = plan_text(table, choice["study"])
    print(text)
    write_csv(table, snakemake.output[0])
    write_text(text, snakemake.output[1])
