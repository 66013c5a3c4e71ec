"""Whether the judge takes what it will be given: the rubric, or a prompt with its response."""

from polyglot.job import running

with running(snakemake):
    from polyglot.files import write_json
    from polyglot.model_checks import check_chats
    from polyglot.prompts import PromptTemplates
    from polyglot.registry import Model, local_folder
    from polyglot.tokenization import given_file

    model, rubric = Model(**snakemake.params.model), given_file(snakemake.input.rubric)
    if rubric:
        text = PromptTemplates(rubric.parent).render(rubric.stem, language="German", prompt="a", response="b")
        chats, room = {"the rubric": [{"role": "user", "content": text}]}, model.sampling.max_new_tokens
    else:
        rated = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        chats, room = {"a prompt with its response": rated}, 0
    found = check_chats(
        snakemake.params.name,
        model,
        local_folder(model, snakemake.input.model),
        chats,
        room=room,
        chat_template=given_file(snakemake.input.chat_template),
    )
    print(found)
    write_json(found, snakemake.output[0])
