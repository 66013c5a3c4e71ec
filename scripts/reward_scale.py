"""The raw scores of a reward model that become 1 and 5, measured on people's pairs."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_json
    from polyglot.registry import Model, local_folder
    from polyglot.reward import RewardModel, measure_scale
    from polyglot.tokenization import given_file

    model = Model(**snakemake.params.model)
    meter = RewardModel(
        local_folder(model, snakemake.input.model),
        batch_size=snakemake.params.batch_size,
        context=model.context,
        chat_template=given_file(snakemake.input.chat_template),
    )
    pairs = pd.read_parquet(snakemake.input.seed)
    scale = measure_scale(meter, pairs, most=snakemake.params.pairs, seed=snakemake.params.seed)
    print(scale)
    write_json(scale, snakemake.output[0])
