"""A rating of every response on a scale of 1 to 5."""

from polyglot.workflow.job import gpus_asked, kept_table, running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model)):
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from polyglot.core.cells import MIN_EXAMPLES
    from polyglot.core.conversations import histories, prompts_told
    from polyglot.core.files import read_json, write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.core.sidefile import SideFile
    from polyglot.engines import engine_when_needed
    from polyglot.engines.base import owner_of
    from polyglot.intrinsic.reward import RewardModel, judge
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    data = pd.read_parquet(snakemake.input.data)
    settings = snakemake.params.reward
    model = Model(**snakemake.params.model).operated(snakemake.config["operation"][settings["model"]])
    folder = None if model.endpoint else local_folder(model, snakemake.input.model)
    template = given_file(snakemake.input.chat_template)
    if len(data) < MIN_EXAMPLES:
        rated = pd.DataFrame({"reward": np.nan}, index=data.index)
    elif settings["kind"] == "reward_model":
        measured = given_file(snakemake.input.scale)
        scale = (read_json(measured)["low"], read_json(measured)["high"]) if measured else model.scale
        kept = kept_table(snakemake)
        how = {"batch_size": settings["batch_size"], "scale": scale, "context": model.context, "chat_template": template}
        how["gpus"] = gpus_asked(snakemake.resources)
        rated = kept.made(lambda: RewardModel(folder, **how).rate(data["prompt"], data["response"], histories(data)))
        kept.remove()
    else:
        engine = engine_when_needed(settings["model"], model, folder, snakemake.config, template)
        templates = PromptTemplates(Path(snakemake.input.rubric).parent)
        side = SideFile(Path(snakemake.params.side_file), owner_of(model, folder, template))
        rated = judge(
            engine,
            templates,
            snakemake.params.language,
            prompts_told(data),
            data["response"],
            side,
            batch_size=settings["batch_size"],
        )
        side.finish()
        print(f"yield of the judge: {rated['reward'].notna().mean():.1%}; missing: {rated['problem'].value_counts().to_dict()}")
    print(f"{rated['reward'].notna().sum()} of {len(rated)} rated, mean {rated['reward'].mean():.3f}")
    write_parquet(pd.concat([data[["id"]], rated], axis=1), snakemake.output[0])
