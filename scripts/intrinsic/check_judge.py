"""Whether the judge accepts its input: the rubric, or a prompt with its response."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from polyglot.core.files import write_json
    from polyglot.core.prompts import PromptTemplates
    from polyglot.models.checks import check_chats
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

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
