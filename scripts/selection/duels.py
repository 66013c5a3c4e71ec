"""Whether a judge prefers a student's answers to those of the student trained on the whole set."""

from polyglot.workflow.job import gpus_asked, running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.core.sidefile import SideFile
    from polyglot.engines import engine_when_needed
    from polyglot.engines.base import owner_of
    from polyglot.intrinsic.reward import RewardModel
    from polyglot.judging.pairs import duels_by_judge, duels_by_reward
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    settings = snakemake.params.reward
    model = Model(**snakemake.params.model).operated(snakemake.config["operation"][settings["model"]])
    folder = None if model.endpoint else local_folder(model, snakemake.input.model)
    template = given_file(snakemake.input.chat_template)
    keys = ["id", "prompt", "trained"]
    ours, theirs = (pd.read_parquet(path)[[*keys, "text"]] for path in (snakemake.input.answers, snakemake.input.whole))
    both = ours.merge(theirs, on=keys, suffixes=("", "_whole"), validate="one_to_one")
    texts = [list(both[column]) for column in ("prompt", "text", "text_whole")]
    if both.empty:
        found = pd.DataFrame({"outcome": pd.Series(dtype=float)})
    elif settings["kind"] == "reward_model":
        how = {"batch_size": settings["batch_size"], "context": model.context, "chat_template": template}
        meter = RewardModel(folder, **how, gpus=gpus_asked(snakemake.resources))
        scores = [meter.score(texts[0], answers, title="duels") for answers in texts[1:]]
        found = pd.DataFrame({"outcome": duels_by_reward(*scores, both["text"] == both["text_whole"])})
    else:
        side = SideFile(Path(snakemake.params.side_file), owner_of(model, folder, template))
        engine = engine_when_needed(settings["model"], model, folder, snakemake.config, template)
        templates = PromptTemplates(Path(snakemake.input.template).parent)
        found = duels_by_judge(engine, templates, snakemake.params.language, *texts, side, batch_size=settings["batch_size"])
        side.finish()
    print(found["outcome"].value_counts(dropna=False).to_dict())
    write_parquet(pd.concat([both, found], axis=1), snakemake.output[0])
