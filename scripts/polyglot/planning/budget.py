"""The estimated cost of a study before it starts: jobs, engine starts, GPU hours, tokens, money, disk; from stated assumptions.

What jobs of a submission share is counted once, for the first of them. A job that finds an engine running pays no start. A job
that finds its libraries imported still loads its own model: it pays `start_minutes_per_billion`, and no `start_minutes`. In both
cases `engine_start` is true for the first job only, so it counts starts of libraries and engines, not loads of weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from polyglot.planning.memory import GB, Setup, peak, remedy, usual_shape
from polyglot.planning.submissions import Shared, Submissions
from polyglot.planning.work import USUAL_SIZE, Work, size_of, work
from polyglot.registry import Registries
from polyglot.registry.models import Model
from polyglot.study.configuration import Plan, Study

COLUMNS = (
    *("rule", "teacher", "lang", "model", "engine_start", "gpus", "threads", "mem_mb", "runtime", "partition"),
    *("requests", "tokens_read", "tokens_written", "tokens_trained", "gpu_hours", "usd", "disk_gb", "peak_gb", "remedy"),
    *("requests_most", "tokens_read_most", "tokens_written_most", "gpu_hours_most", "usd_most", "ceiling_usd"),
)
NO_MEMORY = {"peak_gb": 0.0, "remedy": ""}


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
        in gigabytes; of a student on GPUs, the memory at its peak on each and, if that is too much, what to set instead
        (`polyglot.planning.memory`). `..._most`: if every request to a teacher takes all its attempts, and as many further ones
        are asked as there can be. `ceiling_usd`: that of the study, on each row of a model behind an endpoint. `engine_start` is
        true if the job runs or trains a model here; of jobs that share an engine, or the start of their libraries, for the first
        of a submission.
    """
    rows, jobs = [], list(jobs)
    for job, found in zip(jobs, found_running(jobs, submissions), strict=True):
        wildcards = job["wildcards"]
        does = work(job["rule"], wildcards, study, registries)
        gpus = int(job["gpu"] or str(job["gres"] or 0).rpartition(":")[2])
        model = registries.models.get(does.model) if does.model else None
        gpu_hours, most = hours(study.plan, model, does, gpus, found), does.most or does
        gpu_hours_most = hours(study.plan, model, most, gpus, found)
        rows.append(
            {
                "rule": job["rule"],
                "teacher": wildcards.get("teacher", ""),
                "lang": wildcards.get("lang", ""),
                "model": does.model or "",
                "engine_start": found is None and model is not None and model.endpoint is None,
                "gpus": gpus,
                "threads": job["threads"],
                "mem_mb": job["mem_mb"],
                "runtime": job["runtime"],
                "partition": job["slurm_partition"] or "",
                "requests": does.requests,
                "tokens_read": does.read,
                "tokens_written": does.written,
                "tokens_trained": does.trained,
                "gpu_hours": gpu_hours,
                "usd": money(study.plan, model, does, gpu_hours),
                "disk_gb": does.stored / 1e9,
                **(training_memory(study, model, gpus) if job["rule"] == "student" and model and gpus else NO_MEMORY),
                "requests_most": most.requests,
                "tokens_read_most": most.read,
                "tokens_written_most": most.written,
                "gpu_hours_most": gpu_hours_most,
                "usd_most": money(study.plan, model, most, gpu_hours_most),
                "ceiling_usd": study.synthesis.budget if model is not None and model.endpoint is not None else None,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def training_memory(study: Study, model: Model, gpus: int) -> dict[str, Any]:
    """The peak of a student's training on each GPU in GB, and what to set if it does not fit.

    Raises:
        ValueError: if the GPUs cannot share an update's examples evenly.
    """
    setup = Setup(study.training, gpus, offload=study.training.offload or model.training_offload)
    longest = study.training.max_length
    found = peak(usual_shape(model), setup, longest)
    return {"peak_gb": found.total / GB, "remedy": remedy(model, setup, longest, study.plan.gpu_memory * GB)}


def found_running(jobs: Iterable[Mapping[str, Any]], submissions: Submissions | None) -> list[Shared | None]:
    """What each job finds running; the first of a submission finds nothing, and starts it for those after it too."""
    if submissions is None:
        return [None for _ in jobs]
    jobs = list(jobs)
    groups = [submissions.group(job["rule"], job["wildcards"]) for job in jobs]
    seen: Counter[str] = Counter()
    found: list[Shared | None] = []
    for job, group in zip(jobs, groups, strict=True):
        shared = submissions.shares(job["rule"], job["wildcards"]) if group is not None else None
        if group is None or shared is None:
            found.append(None)
        else:
            found.append(shared if seen[group] % submissions.size(group) else None)
            seen[group] += 1
    return found


def hours(plan: Plan, model: Model | None, does: Work, gpus: int, found: Shared | None = None) -> float:
    """A job's GPU hours, summed over its GPUs.

    Args:
        found: what it finds running. With an engine it neither starts nor loads its model; with libraries it only loads it.
    """
    if model is None or gpus == 0:
        return 0.0
    size = size_of(model)
    start = plan.start_minutes if found is None else 0.0
    load = plan.start_minutes_per_billion * size if found != "engine" else 0.0
    seconds = 60 * (start + load)
    for tokens, rate in (
        (does.read, plan.tokens_read_per_second),
        (does.written, plan.tokens_written_per_second),
        (does.trained, plan.tokens_trained_per_second),
    ):
        seconds += tokens * size / (rate * gpus * USUAL_SIZE)
    return seconds * gpus / 3600


def money(plan: Plan, model: Model | None, does: Work, gpu_hours: float) -> float:
    """USD: an endpoint's tokens at its price (that of batches, if it is asked in batches), or GPU hours at theirs."""
    spent = gpu_hours * (plan.usd_per_gpu_hour or 0.0)
    if model is not None and model.rates is not None:
        spent += (does.read * model.rates.prompt + does.written * model.rates.completion) / 1e6
    return spent
