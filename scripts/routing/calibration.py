"""Reward of every teacher's answer to the calibration prompts, for one student base."""

from polyglot.workflow.job import running

with running(snakemake, environment="transformers"):
    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.routing.calibration import answered, calibrate, measured_frames
    from polyglot.routing.grading import quality_frames

    params = snakemake.params
    requests = pd.concat([pd.read_parquet(path) for path in snakemake.input.requests], ignore_index=True)
    answers = [pd.read_parquet(path) for path in snakemake.input.answers]
    quality = quality_frames(params.quality, snakemake.input, params.measured, answers, requests)
    found = answered(answers, quality, measured_frames(snakemake.input.learnability, params.measured))
    if "graded" in found:
        print(found.groupby("teacher")["graded"].value_counts().to_string())
    calibrated = calibrate(found, requests, alpha=params.alpha, held_out=params.held_out, seed=params.seed)
    prompts = calibrated.drop_duplicates("request_id")
    print(f"{len(prompts)} prompts, {calibrated['teacher'].nunique()} teachers; {prompts['fold'].value_counts().to_dict()}")
    print(calibrated.groupby("teacher")[["usable", "quality", "learnability", "reward"]].mean().round(3).to_string())
    write_parquet(calibrated, snakemake.output[0])
