"""Whether a base, reference or teacher accepts the benchmarks' questions, in its chat template if it has one."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from polyglot.core.files import write_json
    from polyglot.models.checks import check_chats
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    model, shots = Model(**snakemake.params.model), snakemake.params.shots
    question = [{"role": "user", "content": "a"}]
    example = [*question, {"role": "assistant", "content": "b"}]
    asked = {"a benchmark's question": question, f"a benchmark's question after examples ({shots})": example * shots + question}
    found = check_chats(
        snakemake.wildcards.model,
        model,
        local_folder(model, snakemake.input.model),
        {} if snakemake.params.plain else asked,
        room=snakemake.params.room,
        needed=False,
        chat_template=given_file(snakemake.input.chat_template),
    )
    print(found)
    write_json(found, snakemake.output[0])
