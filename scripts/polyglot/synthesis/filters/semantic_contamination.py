"""Contamination in other words: prompts that are near to a question of a benchmark by the study's embedding, in any language.

Where no limit is set, it comes from the seed prompts of the language, which people wrote and which are taken to be harmless: the
limit is what a share of them exceeds. That share is the rate of false alarms.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from polyglot.core.errors import WrongInput
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict
from polyglot.synthesis.filters.contamination import quoted


class SemanticSettings(Settings):
    """Prompts that mean what a question of the study's benchmarks means."""

    similarity: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Cosine of the embeddings of a prompt and its nearest question from which an example counts as contaminated; "
        "null measures it by `false_alarms`.",
    )
    false_alarms: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="Share of the seed prompts of a language that may be nearer to a question than what counts as contaminated; "
        "of no effect if `similarity` is set.",
    )


def limit(usual: Sequence[float], settings: SemanticSettings) -> float:
    """The similarity from which a prompt counts as contaminated.

    Args:
        usual: similarities of n seed prompts to their nearest questions. At most the share `false_alarms` of them is at the limit
            or above it; none, if n is below 1 / `false_alarms`.

    Returns:
        A cosine; infinity where there is nothing to compare with.
    """
    import numpy as np

    if settings.similarity is not None:
        return settings.similarity
    known = np.array([one for one in usual if np.isfinite(one)])
    if not len(known):
        return float("inf")
    return float(np.nextafter(np.quantile(known, 1 - settings.false_alarms, method="higher"), np.inf))


def _find(examples: Examples, settings: SemanticSettings) -> Sequence[Verdict]:
    """The similarity to the nearest question; NaN where there are no questions.

    Raises:
        WrongInput: if the nearest question of an example is not known.
    """
    least, verdicts = limit(examples.usual, settings), []
    for name in examples.rows["request_id"]:
        nearest = examples.nearest.get(name)
        if nearest is None:
            raise WrongInput(f"filter 'semantic_contamination': the nearest question of example {name} is not known; measure it")
        found = nearest.similarity >= least
        said = (
            f"its prompt has a similarity of {nearest.similarity:.3f} (the limit is {least:.3f}) to a question of "
            f"{nearest.benchmark} in {nearest.lang}"
        )
        verdicts.append(Verdict(nearest.similarity, f"{said}: {quoted(nearest.question)}" if found else None))
    return verdicts


SEMANTIC_CONTAMINATION = Filter(
    "semantic_contamination",
    "prompts that are near in meaning to a question of the study's benchmarks, in any of its languages",
    "benchmark_neighbour",
    _find,
    SemanticSettings,
    by_meaning=True,
)
