"""Principal components, regression and rank correlations of the main experiment's cells."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from polyglot.analysis.settings import Statistics
    from polyglot.analysis.tables import analyse
    from polyglot.core.files import read_frame, write_csv
    from polyglot.intrinsic.metrics import STANDARD, recorded

    params = snakemake.params
    found = analyse(
        read_frame(snakemake.input[0]),
        Statistics(**params.statistics),
        confidence=params.confidence,
        definition=params.definition,
        metrics=recorded(params.get("metrics"), STANDARD),
        perplexity=params.get("perplexity", "mean"),
    )
    for name, frame in found.items():
        write_csv(frame, snakemake.output[name])
