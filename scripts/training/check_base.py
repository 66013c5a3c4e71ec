"""Whether a base can be fine-tuned: its tokenizer, chat template and context."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.core.files import write_json
    from polyglot.models.checks import check_base
    from polyglot.models.tokenization import given_file

    found = check_base(
        snakemake.wildcards.base,
        Path(snakemake.input.base),
        max_length=snakemake.params.training["max_length"],
        marks=snakemake.params.training["loss"] != "all",
        thoughts=snakemake.params.training.get("thoughts") == "keep",
        chat_template=given_file(snakemake.input.chat_template),
    )
    print(found)
    write_json(found, snakemake.output[0])
