"""The raw scores of a reward model that map to 1 and 5, measured on human-written pairs."""

from polyglot.workflow.job import gpus_asked, running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model)):
    import pandas as pd

    from polyglot.core.files import write_json
    from polyglot.intrinsic.reward import RewardModel, measure_scale
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    model = Model(**snakemake.params.model)
    meter = RewardModel(
        local_folder(model, snakemake.input.model),
        batch_size=snakemake.params.batch_size,
        context=model.context,
        chat_template=given_file(snakemake.input.chat_template),
        gpus=gpus_asked(snakemake.resources),
    )
    pairs = pd.read_parquet(snakemake.input.seed)
    scale = measure_scale(meter, pairs, most=snakemake.params.pairs, seed=snakemake.params.seed)
    print(scale)
    write_json(scale, snakemake.output[0])
