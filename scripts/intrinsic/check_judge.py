"""Whether the judge accepts its input: the rubric and other templates, or a prompt with its response."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    from polyglot.core.files import write_json
    from polyglot.core.prompts import PromptTemplates
    from polyglot.models.checks import check_chats
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    model, rubric = Model(**snakemake.params.model), given_file(snakemake.input.rubric)
    if rubric:
        shown = {rubric.stem: ("prompt", "response"), "rate": ("prompt", "response", "reference", "rubric")}
        shown["duel"] = ("prompt", "first", "second")
        templates, chats, room = PromptTemplates(rubric.parent), {}, model.sampling.max_new_tokens
        for name in [rubric.stem, *(Path(path).stem for path in snakemake.input.templates)]:
            text = templates.render(name, language="German", **dict.fromkeys(shown[name], "a"))
            said = "the rubric" if name == rubric.stem else f"the template {name}.jinja"
            chats[said] = [{"role": "user", "content": text}]
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
