"""How many requests and examples a study wants, by draw and recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyglot.synthesis.draws import Draw
from polyglot.synthesis.recipes import parse_recipe

if TYPE_CHECKING:
    from polyglot.study.configuration import Study


def requests_in(draw: Draw, study: Study) -> int:
    """Requests of a method and language in a draw."""
    wanted = {"screen": study.screen.requests, "calibration": study.routing.calibration}
    return study.synthesis.requests if draw.sample is None else -(-wanted[draw.sample] // len(study.methods))


def examples_in(recipe: str, draw: str, study: Study) -> int:
    """Wanted examples of a training set: the recipe's or the study's size; of calibration prompts all that can be used.

    Args:
        draw: the name of a draw, such as 0 or 0-calibration.
    """
    parsed, drawn = parse_recipe(recipe, study.methods), Draw.parse(draw)
    if drawn.sample == "calibration":
        return requests_in(drawn, study) * len(parsed.parts)
    return parsed.examples or (study.selection.examples if parsed.rule else study.training.examples)
