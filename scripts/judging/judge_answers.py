"""A model's outcomes with the judge's verdicts on its open answers."""

from polyglot.workflow.job import gpus_asked, running
from polyglot.workflow.shared_starts import engine_environment

with running(snakemake, environment=engine_environment(snakemake.params.model)):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import read_json, write_parquet
    from polyglot.core.prompts import PromptTemplates
    from polyglot.core.sidefile import SideFile
    from polyglot.engines import engine_when_needed
    from polyglot.engines.base import owner_of
    from polyglot.evaluation.settings import Benchmark
    from polyglot.evaluation.tasks import Task
    from polyglot.intrinsic.reward import RewardModel
    from polyglot.judging.judges import ChatJudge, RewardJudge
    from polyglot.judging.outcomes import judged
    from polyglot.models.tokenization import given_file
    from polyglot.registry.models import Model, local_folder

    params, settings, lang = snakemake.params, snakemake.params.reward, snakemake.wildcards.lang
    model = Model(**params.model).operated(snakemake.config["operation"][settings["model"]])
    folder = None if model.endpoint else local_folder(model, snakemake.input.model)
    template = given_file(snakemake.input.chat_template)
    tasks = [
        Task(name, lang, Path(items), Benchmark(**chosen), **params.facts[name])
        for (name, chosen), items in zip(params.benchmarks.items(), snakemake.input.tasks, strict=True)
    ]
    side = SideFile(Path(params.side_file), owner_of(model, folder, template))
    if settings["kind"] == "reward_model":
        measured = given_file(snakemake.input.scale)
        scale = (read_json(measured)["low"], read_json(measured)["high"]) if measured else model.scale
        how = {"batch_size": settings["batch_size"], "scale": scale, "context": model.context, "chat_template": template}
        judge = RewardJudge(lambda: RewardModel(folder, **how, gpus=gpus_asked(snakemake.resources)))
    else:
        engine = engine_when_needed(settings["model"], model, folder, snakemake.config, template)
        templates = PromptTemplates(Path(snakemake.input.templates[0]).parent)
        judge = ChatJudge(engine, templates, params.language, side, batch_size=settings["batch_size"])
    outcomes, verdicts = judged(pd.read_parquet(snakemake.input.outcomes), tasks, judge)
    for name, found in verdicts.groupby("benchmark", sort=False):
        missing = found["problem"].value_counts().to_dict()
        print(f"{name}: {found['value'].notna().sum()} of {len(found)} judged; missing: {missing}")
    write_parquet(verdicts, snakemake.output.verdicts)
    write_parquet(outcomes, snakemake.output.outcomes)
    side.finish()
