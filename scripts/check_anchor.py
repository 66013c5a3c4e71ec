"""Whether a base, reference or teacher takes the benchmarks' questions, in its chat template if it has one."""

from polyglot.job import running

with running(snakemake):
    from polyglot.files import write_json
    from polyglot.model_checks import check_chats
    from polyglot.registry import Model, local_folder
    from polyglot.tokenization import given_file

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
