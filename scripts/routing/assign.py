"""A teacher for every prompt."""

from polyglot.workflow.job import gpus_asked, running

with running(snakemake, environment="transformers"):
    from functools import partial

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.routing.assignment import assignments
    from polyglot.routing.evidence import informed, prompts_of
    from polyglot.routing.grading import quality_frames
    from polyglot.routing.strategies import STRATEGIES, Known

    params, strategy = snakemake.params, STRATEGIES[snakemake.params.strategy]
    requests = pd.concat([pd.read_parquet(path) for path in snakemake.input.requests], ignore_index=True)
    known = informed(
        Known(prompts_of(requests), params.teachers, params.strength, params.seed),
        strategy.needs,
        snakemake.input,
        alpha=params.alpha,
        batch_size=params.batch_size,
        measured=params.measured,
        quality=partial(quality_frames, params.quality, snakemake.input, params.measured, requests=requests),
        gpus=gpus_asked(snakemake.resources),
    )
    chosen = strategy.choose(known)
    print(pd.Series(chosen).value_counts().to_dict())
    write_parquet(assignments(requests, chosen), snakemake.output[0])
