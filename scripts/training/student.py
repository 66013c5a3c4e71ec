"""A base fine-tuned on a teacher's data."""

from polyglot.workflow.job import running
from polyglot.workflow.shared_starts import trainer_environment

with running(snakemake, environment=trainer_environment(snakemake.params.training)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.models.tokenization import given_file
    from polyglot.synthesis.draws import Draw
    from polyglot.training.examples import NothingFits
    from polyglot.training.settings import Training
    from polyglot.training.students import fine_tune, leave_out

    pairs, out = pd.read_parquet(snakemake.input.data), Path(snakemake.output[0])
    if len(pairs) < MIN_EXAMPLES:
        print(leave_out(out, len(pairs)))
    else:
        training = Training(**snakemake.params.training)
        operation = snakemake.config["operation"][snakemake.wildcards.base]
        try:
            summary = fine_tune(
                Path(snakemake.input.base),
                pairs,
                out,
                training.model_copy(update={"offload": training.offload or operation["training_offload"]}),
                seed=Draw.parse(snakemake.wildcards.seed).training_seed,
                checkpoints=Path(snakemake.params.checkpoints),
                chat_template=given_file(snakemake.input.chat_template),
                processes=max(1, operation["training_gpus"]),
            )
        except NothingFits:
            summary = leave_out(out, 0, too_long=len(pairs))
        print(summary)
