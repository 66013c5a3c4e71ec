"""The estimated cost of a study before it starts: jobs, engine starts, GPU hours, tokens, money, disk; from stated
assumptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from polyglot.planning.submissions import Submissions
from polyglot.planning.work import USUAL_SIZE, Work, size_of, work
from polyglot.registry import Registries
from polyglot.registry.models import Model
from polyglot.study.configuration import Plan, Study

COLUMNS = (
    *("rule", "teacher", "lang", "model", "engine_start", "gpus", "threads", "mem_mb", "runtime", "partition"),
    *("tokens_read", "tokens_written", "tokens_trained", "gpu_hours", "usd", "disk_gb"),
)


def budget(
    jobs: Iterable[Mapping[str, Any]], study: Study, registries: Registries, submissions: Submissions | None = None
) -> pd.DataFrame:
    """The estimated cost of every job of a plan.

    Args:
        jobs: rule, wildcards, threads, gpu (or gres, such as gpu:h200:2), mem_mb (megabytes), runtime (minutes), slurm_partition
            of each; a resource that is not requested is None.
        submissions: how jobs are grouped; None if each starts by itself.

    Returns:
        One row per job, see `COLUMNS`: tokens; GPU hours and money by the assumptions of `study.plan`; disk space of kept files
        in gigabytes. `engine_start` is true if the job loads or creates a model; of jobs that share an engine, for the first.
    """
    rows, jobs = [], list(jobs)
    starting = starts(jobs, submissions)
    for job, first in zip(jobs, starting, strict=True):
        wildcards = job["wildcards"]
        does = work(job["rule"], wildcards, study, registries)
        gpus = int(job["gpu"] or str(job["gres"] or 0).rpartition(":")[2])
        model = registries.models.get(does.model) if does.model else None
        gpu_hours = hours(study.plan, model, does, gpus, starts=first)
        rows.append(
            {
                "rule": job["rule"],
                "teacher": wildcards.get("teacher", ""),
                "lang": wildcards.get("lang", ""),
                "model": does.model or "",
                "engine_start": first and model is not None and model.endpoint is None,
                "gpus": gpus,
                "threads": job["threads"],
                "mem_mb": job["mem_mb"],
                "runtime": job["runtime"],
                "partition": job["slurm_partition"] or "",
                "tokens_read": does.read,
                "tokens_written": does.written,
                "tokens_trained": does.trained,
                "gpu_hours": gpu_hours,
                "usd": money(study.plan, model, does, gpu_hours),
                "disk_gb": does.stored / 1e9,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def starts(jobs: Iterable[Mapping[str, Any]], submissions: Submissions | None) -> list[bool]:
    """Whether each job starts its engine itself: the first of a submission does, for those after it too."""
    if submissions is None:
        return [True for _ in jobs]
    groups = [submissions.group(job["rule"], job["wildcards"]) for job in jobs]
    seen: Counter[str] = Counter()
    found = []
    for job, group in zip(jobs, groups, strict=True):
        if group is None or not submissions.shares(job["rule"], job["wildcards"]):
            found.append(True)
        else:
            found.append(seen[group] % submissions.size(group) == 0)
            seen[group] += 1
    return found


def hours(plan: Plan, model: Model | None, does: Work, gpus: int, *, starts: bool = True) -> float:
    """A job's GPU hours, summed over its GPUs; without a start if its engine is running already."""
    if model is None or gpus == 0:
        return 0.0
    size = size_of(model)
    seconds = 60 * (plan.start_minutes + plan.start_minutes_per_billion * size) if starts else 0.0
    for tokens, rate in (
        (does.read, plan.tokens_read_per_second),
        (does.written, plan.tokens_written_per_second),
        (does.trained, plan.tokens_trained_per_second),
    ):
        seconds += tokens * size / (rate * gpus * USUAL_SIZE)
    return seconds * gpus / 3600


def money(plan: Plan, model: Model | None, does: Work, gpu_hours: float) -> float:
    """USD: an endpoint's tokens at its price, or GPU hours at theirs."""
    spent = gpu_hours * (plan.usd_per_gpu_hour or 0.0)
    if model is not None and model.price is not None:
        spent += (does.read * model.price.prompt + does.written * model.price.completion) / 1e6
    return spent
