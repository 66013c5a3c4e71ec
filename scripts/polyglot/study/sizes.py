"""Sizes in a study: requests, training examples, languages of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyglot.synthesis.draws import Draw
from polyglot.synthesis.recipes import WHOLE, parse_recipe

if TYPE_CHECKING:
    from polyglot.study.configuration import Study

POOLED = "all"
"""The pool of all languages if `selection.pooled`; otherwise each language is its own pool."""


def requests_in(draw: Draw, study: Study) -> int:
    """Requests of a method and language in a draw."""
    wanted = {"screen": study.screen.requests, "calibration": study.routing.calibration}
    return study.synthesis.requests if draw.sample is None else -(-wanted[draw.sample] // len(study.methods))


def examples_in(recipe: str, draw: str, study: Study) -> int:
    """Target number of training examples: the recipe's or the study's size; for calibration prompts, all usable ones.

    Args:
        draw: the name of a draw, such as 0 or 0-calibration.
    """
    parsed, drawn = parse_recipe(recipe, study.methods), Draw.parse(draw)
    if drawn.sample == "calibration":
        return requests_in(drawn, study) * len(parsed.parts)
    return parsed.examples or (study.selection.examples if parsed.rule else study.training.examples)


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
