"""Whether a race of teachers is worth it, and asks for no more than it needs, by its settings alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from polyglot.study.experiments import Matrix
from polyglot.synthesis.blocks import NEARLY
from polyglot.synthesis.recipes import parse_recipe, requests_needed

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


def too_many(study: Study) -> str:
    """Why small sets ask everyone for more than they need; empty where they do not."""
    small, settings = study.race.small, study.synthesis
    if small is None:
        return ""
    needed = math.ceil(requests_needed(parse_recipe(small, study.methods), requests=settings.requests) - NEARLY)
    asked = settings.blocks.end(settings.blocks.holding(needed) - 1)
    if needed == asked:
        return ""
    setting = "first" if needed < settings.requests else "requests"
    return (
        f"{small} needs {needed:,} requests of a method, and everyone is asked {asked:,}; `synthesis.{setting}: {needed}` asks "
        "for no more"
    )


def doubtful(study: Study) -> list[str]:
    """One sentence for every race that is not worth it, or that starts with more than it needs."""
    races = [matrix for matrix in study.matrices.values() if matrix.compare == "race"]
    return [f"experiments.{race.name}: {why}" for race in races for why in (not_worth(study, race), too_many(study)) if why]
