"""A model that predicts, from the prompt alone, which teacher benefits a student base most."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.routing.rewards import best, reward_matrix, wins
    from polyglot.routing.router import Router, train_router
    from polyglot.routing.router_trainer import Lesson
    from polyglot.routing.settings import Routing

    routing, teachers = Routing(**snakemake.params.routing), snakemake.params.teachers
    calibration = pd.read_parquet(snakemake.input.calibration)
    prompts = calibration.drop_duplicates("request_id", ignore_index=True)
    rewards = reward_matrix(calibration, list(prompts["request_id"]), teachers)
    lesson = Lesson(teachers, list(prompts["prompt"]), list(prompts["fold"]), wins(*rewards), best(*rewards))
    facts = train_router(
        Path(snakemake.input.start),
        lesson,
        Path(snakemake.output.router),
        routing,
        checkpoints=Path(snakemake.params.checkpoints),
    )
    print(facts)
    judging = prompts[prompts["fold"] == "judge"]
    scores = Router(Path(snakemake.output.router), batch_size=routing.batch_size).score(list(judging["prompt"]))
    found = pd.DataFrame(scores, columns=teachers).assign(request_id=list(judging["request_id"]))
    write_parquet(found, snakemake.output.judged)
