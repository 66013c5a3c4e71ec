"""Checks of a race: who runs, and its budget, since a limit that nothing counts for would never be reached."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyglot.registry import Registries

if TYPE_CHECKING:
    from polyglot.study.configuration import Study


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """What is wrong with `race`, one sentence each: key, value and remedy."""
    for matrix in study.matrices.values():
        if matrix.compare == "race" and len(matrix.teachers) < 2:
            yield f"experiments.{matrix.name}.teachers: a race needs two teachers or more; name them"
    bases = [base for matrix in study.matrices.values() if matrix.compare == "race" for base in matrix.bases]
    for base in (name for name in dict.fromkeys(bases) if name in registries.models):
        model = registries.models[base]
        if study.race.gpu_hours is not None and not model.training_gpus:
            yield (
                f"race.gpu_hours: '{base}' is trained on no GPU, so the limit could not be reached; leave it out, or give "
                f"the model `training_gpus` in {registries.models.file_of(base)}"
            )
        if study.race.usd is not None and not (study.plan.usd_per_gpu_hour and model.training_gpus):
            yield (
                f"race.usd: training '{base}' has no price, so the limit could not be reached; set `plan.usd_per_gpu_hour`, and "
                f"the model's `training_gpus` in {registries.models.file_of(base)}"
            )
