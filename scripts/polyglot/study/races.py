"""Whether a race of teachers is worth it, by its settings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyglot.study.experiments import Matrix

if TYPE_CHECKING:
    from polyglot.study.configuration import Study

FEW = 4
"""With fewer teachers there is little to drop."""


def not_worth(study: Study, race: Matrix) -> str:
    """Why a race is not worth it; empty where it may be."""
    if len(race.teachers) < FEW:
        return f"with {len(race.teachers)} teachers, `trainings: {race.trainings}` of all costs about as much"
    for name, other in study.matrices.items():
        crossed = other.compare != "race" and other.trainings >= race.trainings and race.seeds[0] in other.seeds
        if crossed and set(race.cells) <= set(other.cells):
            return f"'{name}' trains all its students anyway: a race saves nothing where the score of every cell is wanted"
    return ""


def doubtful(study: Study) -> list[str]:
    """One sentence for every race that is not worth it."""
    races = [matrix for matrix in study.matrices.values() if matrix.compare == "race"]
    return [f"experiments.{race.name}: {why}" for race in races if (why := not_worth(study, race))]
