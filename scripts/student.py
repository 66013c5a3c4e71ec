"""A base fine-tuned on a teacher's data."""

from polyglot.job import running

with running(snakemake):
    from pathlib import Path

    import pandas as pd

    from polyglot.configuration import Training
    from polyglot.draws import Draw
    from polyglot.students import MIN_EXAMPLES, fine_tune, leave_out
    from polyglot.tokenization import given_file

    pairs, out = pd.read_parquet(snakemake.input.data), Path(snakemake.output[0])
    if len(pairs) < MIN_EXAMPLES:
        print(leave_out(out, len(pairs)))
    else:
        summary = fine_tune(
            Path(snakemake.input.base),
            pairs,
            out,
            Training(**snakemake.params.training),
            seed=Draw.parse(snakemake.wildcards.seed).seed,
            checkpoints=Path(snakemake.params.checkpoints),
            chat_template=given_file(snakemake.input.chat_template),
            processes=max(1, snakemake.config["operation"][snakemake.wildcards.base]["training_gpus"]),
        )
        print(summary)
