"""Render all requests of a teacher, language and seed, and count tokens with the teacher's tokenizer."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    import pandas as pd

    from polyglot.core.files import write_json
    from polyglot.models.checks import check_requests
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    model = Model(**snakemake.params.teacher)
    found = check_requests(
        snakemake.wildcards.teacher,
        model,
        local_folder(model, snakemake.input.model),
        {path: pd.read_parquet(path) for path in snakemake.input.requests},
        given_file(snakemake.input.chat_template),
    )
    print(found["methods"])
    write_json(found, snakemake.output[0])
