"""Every candidate's sample side by side, and an order by the data alone."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from collections.abc import Mapping

    import pandas as pd

    from polyglot.analysis.ranking import LENGTH, Sample, rank_samples
    from polyglot.core.files import write_csv
    from polyglot.intrinsic.metrics import STANDARD, of_texts, recorded
    from polyglot.scoring.scores import metrics_of
    from polyglot.scoring.training_sets import MODELLED, read_examples

    params = snakemake.params
    metrics = [one for one in recorded(params.metrics, STANDARD) if one.needs != "base" or snakemake.input.perplexity]
    cells = [(teacher, lang) for teacher in params.teachers for lang in params.languages]
    files = {kind: snakemake.input[kind] for kind in MODELLED if len(snakemake.input[kind])}
    for place, metric in enumerate(of_texts(metrics)):
        files[metric.name] = snakemake.input.metrics[place * len(cells) : (place + 1) * len(cells)]
    answers = pd.concat([pd.read_parquet(path) for path in snakemake.input.answers], ignore_index=True)
    by_cell: Mapping[tuple[str, str], pd.DataFrame] = {
        (str(teacher), str(lang)): rows for (teacher, lang), rows in answers.groupby(["teacher", "lang"], sort=False)
    }
    samples = {}
    for place, cell in enumerate(cells):
        data = pd.read_parquet(snakemake.input.data[place])
        examples = read_examples({kind: paths[place] for kind, paths in files.items()}, metrics)
        lengths = data.assign(**{LENGTH: data["response"].str.len()})[["id", LENGTH]]
        rates = params.rates.get(cell[0])
        samples[cell] = Sample(by_cell[cell], examples.merge(lengths, on="id"), tuple(rates) if rates else None)
    known = pd.concat([sample.examples for sample in samples.values()])
    scored = [one for one in metrics if one.name in params.scored]
    scored = metrics_of(scored, "signsafe", "median", known.assign(perplexity_median=known.get("perplexity")))
    print("score: the mean of", ", ".join(one.name for one in scored))
    rows, order = rank_samples(
        samples, metrics, scored, replicates=params.replicates, confidence=params.confidence, seed=params.seed
    )
    write_csv(rows, snakemake.output.samples)
    write_csv(order, snakemake.output.order)
