"""Sizes in a study: requests, training examples, languages of a pool."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from polyglot.synthesis.blocks import NEARLY
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.further import Answered, Want, further_needed
from polyglot.synthesis.recipes import WHOLE, Recipe, blocks_needed, parse_recipe

if TYPE_CHECKING:
    from polyglot.study.configuration import Study

POOLED = "all"
"""The pool of all languages if `selection.pooled`; otherwise each language is its own pool."""


def requests_in(draw: Draw, study: Study) -> int:
    """Requests of a method and language in a draw; of a further one, the most that a teacher can be asked."""
    wanted = {"screen": study.screen.requests, "calibration": study.routing.calibration}
    if draw.sample is not None:
        return -(-wanted[draw.sample] // len(study.methods))
    asked = study.synthesis.blocks.size(draw.block)
    return math.ceil(asked * study.synthesis.further - NEARLY) if draw.further else asked


def draws_of(recipe: str, seed: int, study: Study) -> list[Draw]:
    """The draws whose answers a recipe is mixed from: the blocks of a seed that it needs."""
    blocks = blocks_needed(parse_recipe(recipe, study.methods), study.synthesis.blocks)
    return [Draw(seed, block) for block in range(blocks)]


def examples_in(recipe: str, draw: str, study: Study) -> int:
    """Target number of training examples: the recipe's or the study's size; for calibration prompts, all usable ones.

    Args:
        draw: the name of a draw, such as 0 or 0-calibration.
    """
    parsed, drawn = parse_recipe(recipe, study.methods), Draw.parse(draw)
    if drawn.sample == "calibration":
        return requests_in(drawn, study) * len(parsed.parts)
    return parsed.examples or (study.selection.examples if parsed.rule else study.training.examples)


def wants(study: Study, teacher: str, lang: str, draw: Draw) -> list[Want]:
    """What training sets of a teacher take from a draw's answers, where a shortfall is refilled by further requests.

    Empty for routed teachers and for samples: of these, no more is asked. What a translation model or people wrote is not asked
    for either.
    """
    settings = study.synthesis
    if settings.shortfall == "keep" or not settings.further or draw.sample or draw.further or study.routed(teacher):
        return []
    found = set()
    for name, cells in study.measured.items():
        seeded = draw.seed in study.matrices[name].seeds
        mine = [cell for cell in cells if seeded and (cell.teacher, cell.lang) == (teacher, lang)]
        found |= {cell.recipe for cell in mine}
        found |= {str(study.race.small)} if mine and study.race.small and study.matrices[name].compare == "race" else set()
    recipes = [parse_recipe(WHOLE if name in study.selecting else name, study.methods) for name in sorted(found)]
    most: dict[tuple[str, ...], int] = {}  # a smaller set is a part of the largest, and changes nothing
    for want in (_taken(recipe, draw, study) for recipe in recipes):
        if want is not None:
            most[want.methods] = max(want.examples, most.get(want.methods, 0))
    return sorted(Want(methods, examples) for methods, examples in most.items())


def _taken(recipe: Recipe, draw: Draw, study: Study) -> Want | None:
    """What one recipe takes from a draw: of each of its blocks a share by the block's size."""
    blocks, sizes = blocks_needed(recipe, study.synthesis.blocks), study.synthesis.blocks
    methods = tuple(part for part in recipe.parts if part in study.methods)
    if draw.block >= blocks or not methods:
        return None
    examples = examples_in(recipe.name, str(draw.seed), study) * len(methods) / len(recipe.parts)
    return Want(methods, math.ceil(examples * sizes.size(draw.block) / sizes.end(blocks - 1) - NEARLY))


def expected_further(study: Study, teacher: str, lang: str, draw: Draw) -> int:
    """Further requests to a teacher that a draw is expected to need, if `plan.usable_share` of its answers are usable."""
    asked = requests_in(draw, study)
    answered = dict.fromkeys(study.methods, Answered(asked, round(asked * study.plan.usable_share)))
    most = requests_in(replace(draw, further=True), study)
    return sum(further_needed(answered, wants(study, teacher, lang, draw), most=most).values())


def every_answer(study: Study) -> str:
    """The recipe with all usable answers of a teacher."""
    requests = study.synthesis.requests * len(study.methods)
    return WHOLE if requests <= study.training.examples else f"{WHOLE}-{requests}"


def languages_in(pool: str, teacher: str, study: Study) -> list[str]:
    """Languages of a teacher's pool of samples; for the common pool, all in which a recipe selects from its data."""
    if pool != POOLED:
        return [pool]
    cells = (cell for measured in study.measured.values() for cell in measured)
    chosen = (cell.lang for cell in cells if cell.recipe in study.selecting and cell.teacher == teacher)
    return list(dict.fromkeys(chosen))
