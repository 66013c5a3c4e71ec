"""Checks of a race: who runs, limits that nothing counts for and would never be reached, and small sets, which must be small."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyglot.analysis.settings import Race
from polyglot.registry import Registries
from polyglot.study.sizes import examples_in
from polyglot.synthesis.recipes import parse_recipe

if TYPE_CHECKING:
    from polyglot.study.configuration import Study


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """What is wrong with `race`, one sentence each: key, value and remedy."""
    if study.race != Race() and not any(matrix.compare == "race" for matrix in study.matrices.values()):
        yield "race: no experiment is a race, so this is unread; add one (experiments: {race: {compare: race}}), or leave it out"
    for matrix in study.matrices.values():
        if matrix.compare == "race" and len(matrix.teachers) < 2:
            yield f"experiments.{matrix.name}.teachers: a race needs two teachers or more; name them"
    yield from _small(study)
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


def _small(study: Study) -> Iterable[str]:
    """What is wrong with `race.small`."""
    small = study.race.small
    for race in (matrix for matrix in study.matrices.values() if small and matrix.compare == "race"):
        recipe = race.recipes[0]
        seed, size = str(race.seeds[0]), f"name a smaller size of the race's recipe, such as {recipe.split('-')[0]}-500"
        one, other = parse_recipe(str(small), study.methods), parse_recipe(recipe, study.methods)
        if one.rule or other.rule or one.parts != other.parts:
            yield f"race.small: '{small}' is no part of '{recipe}', the recipe of experiments.{race.name}; {size}"
        elif examples_in(one.name, seed, study) >= examples_in(recipe, seed, study):
            yield f"race.small: '{small}' is not smaller than '{recipe}', the recipe of experiments.{race.name}; {size}"
