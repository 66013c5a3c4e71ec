"""How the paper's published study was set up and scored."""

from __future__ import annotations

from polyglot.scoring.settings import Scoring

PUBLISHED_BASE, PUBLISHED_RECIPE = "olmo-3-7b", "equal"
"""Student base and recipe of the paper's main study."""


def as_published(scoring: Scoring) -> Scoring:
    """Settings of a study's scores, with the paper's definition instead of the study's."""
    return scoring.model_copy(update={"definition": "released", "alpha": 0.5, "scale": None})
