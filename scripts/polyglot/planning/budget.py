"""What a study will take, before it is started: jobs, engine starts, GPU hours, tokens, money, disk; from stated assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from polyglot.planning.work import Estimator
from polyglot.registry import Registries
from polyglot.study.configuration import Study

COLUMNS = (
    *("rule", "teacher", "lang", "model", "engine_start", "gpus", "threads", "mem_mb", "runtime", "partition"),
    *("tokens_read", "tokens_written", "tokens_trained", "gpu_hours", "usd", "disk_gb"),
)


def budget(jobs: Iterable[Mapping[str, Any]], study: Study, registries: Registries) -> pd.DataFrame:
    """What every job of a plan takes.

    Args:
        jobs: rule, wildcards, threads, gpu (or gres, such as gpu:h200:2), mem_mb (megabytes), runtime (minutes),
            slurm_partition of each; a resource that is not asked for is None.

    Returns:
        A row a job, see `COLUMNS`: tokens; GPU hours and money by the assumptions of `study.plan`; disk in gigabytes of what
        stays. `engine_start` is true where the job loads a model.
    """
    estimator, rows = Estimator(study, registries), []
    for job in jobs:
        wildcards = job["wildcards"]
        work = estimator.work(job["rule"], wildcards)
        gpus = int(job["gpu"] or str(job["gres"] or 0).rpartition(":")[2])
        gpu_hours = estimator.hours(work, gpus)
        model = registries.models.get(work.model) if work.model else None
        rows.append(
            {
                "rule": job["rule"],
                "teacher": wildcards.get("teacher", ""),
                "lang": wildcards.get("lang", ""),
                "model": work.model or "",
                "engine_start": model is not None and model.endpoint is None,
                "gpus": gpus,
                "threads": job["threads"],
                "mem_mb": job["mem_mb"],
                "runtime": job["runtime"],
                "partition": job["slurm_partition"] or "",
                "tokens_read": work.read,
                "tokens_written": work.written,
                "tokens_trained": work.trained,
                "gpu_hours": gpu_hours,
                "usd": estimator.money(model, work, gpu_hours),
                "disk_gb": work.stored / 1e9,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
