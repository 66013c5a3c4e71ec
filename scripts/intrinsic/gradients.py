"""What a base's gradients on a part of a training set tell."""

from polyglot.workflow.job import gpus_asked, kept_table, running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.core.conversations import histories
    from polyglot.core.files import write_parquet
    from polyglot.intrinsic.gradients import COLUMNS, GradientMeter, gradient_scores
    from polyglot.intrinsic.settings import Gradients
    from polyglot.models.tokenization import given_file

    data, settings = pd.read_parquet(snakemake.input.data), Gradients(**snakemake.params.gradients)
    found = pd.DataFrame(np.nan, index=data.index, columns=list(COLUMNS))
    if len(data) >= MIN_EXAMPLES:

        def measured() -> pd.DataFrame:
            meter = GradientMeter.open(
                Path(snakemake.input.model),
                settings,
                chat_template=snakemake.params.chat_template,
                template=given_file(snakemake.input.chat_template),
                gpus=gpus_asked(snakemake.resources),
            )
            return meter.measure(list(data["prompt"]), list(data["response"]), list(data["id"]), histories(data))

        kept = kept_table(snakemake)
        found = kept.made(measured)
        print(f"{found['nll'].notna().sum()} of {len(found)} pairs:", gradient_scores(found))
        kept.remove()
    write_parquet(pd.concat([data[["id"]], found], axis=1), snakemake.output[0])
