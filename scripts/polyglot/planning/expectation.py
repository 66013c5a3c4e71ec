"""How long a job is expected to take, for whoever waits for it: seconds, from what it does.

Time limits (`polyglot.planning.demands`) are two to three times that and grow with attempts.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyglot.planning.demands import asking_minutes
from polyglot.planning.work import of_the_world, work
from polyglot.registry import Registries
from polyglot.study.configuration import Study

MEASURED: dict[str, tuple[float, float]] = {
    "nano_pretrain": (6.0, 6.0),
    "nano_translator": (15.0, 11.0),
    "nano_gold_tune": (9.0, 6.0),
    "train": (1.9, 5.6),
    "write": (0.4, 12.5),
    "embed": (2.3, 8.0),
    "judge": (0.3, 2.3),
    "read": (0.3, 2.3),
    "evaluate": (0.5, 0.48),
}
"""Seconds on one core to start and for 1,000 examples, by rule or else by kind of work: means of the embedded study's jobs, two
at a time on two cores."""
WITHOUT_MODEL = {"nano_corpora": 9.0, "nano_datasets": 6.0, "check_answers": 1.9, "figure": 1.2, "all": 0.0}
"""Seconds of jobs without a model; any other takes `QUICK`."""
QUICK = 0.7
BATCH_SECONDS = 3600.0
"""Until a batch has ended: most do so within an hour, whatever their window."""
MEASURED_SIZE = 0.00046
"""Billions of parameters of the models behind `MEASURED`."""


@dataclass(frozen=True)
class ExpectedJob:
    """A job behind a run's targets.

    `seconds` that it is expected to take on `threads` cores; `needs`: ids of the jobs that it waits for; `done`: before the run;
    `took`: seconds that it took when it last ran, if that is known.
    """

    id: int
    rule: str
    seconds: float
    threads: int = 1
    needs: frozenset[int] = frozenset()
    done: bool = False
    took: float | None = None


def expected_seconds(rule: str, wildcards: Mapping[str, str], study: Study, registries: Registries, gpus: int = 0) -> float:
    """Seconds that a job of a rule is expected to take.

    On GPUs by the assumptions of the study's `plan`; for an endpoint by what it takes for an answer, and its limits, as if no
    other job shared them; on the CPU by what the embedded study's jobs took, in proportion to the model's size where that is
    larger.
    """
    does = work(rule, wildcards, study, registries)
    if does.model is None:
        return WITHOUT_MODEL.get(rule, QUICK)
    model = registries.models[does.model]
    if model.batched:
        return QUICK + BATCH_SECONDS
    if model.endpoint is not None:
        return QUICK + 60 * asking_minutes(model, model.endpoint, does.examples, does.read)
    if gpus:
        from polyglot.planning.budget import hours  # imports pandas

        return 3600 * hours(study.plan, model, does, gpus) / gpus
    start, for_thousand = MEASURED.get(rule) or MEASURED[does.kind]
    known = of_the_world(model) or model.package is not None or model.size is None
    size = 1.0 if known else max(1.0, (model.size or 0.0) / MEASURED_SIZE)
    return start + for_thousand * size * does.examples / 1000


def seconds_taken(timings: Path) -> float | None:
    """Seconds that a job took when it last ran, from the file of its timings; None where there is no such file."""
    try:
        with timings.open(encoding="utf-8", newline="") as file:
            return sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
    except (OSError, KeyError, ValueError, TypeError):
        return None
