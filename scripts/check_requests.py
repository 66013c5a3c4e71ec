"""Every request of a teacher, language and seed rendered and counted with the teacher's own tokenizer."""

from polyglot.job import running

with running(snakemake):
    import pandas as pd

    from polyglot.files import write_json
    from polyglot.model_checks import check_requests
    from polyglot.registry import Model, local_folder
    from polyglot.tokenization import given_file

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
