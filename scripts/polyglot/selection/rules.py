"""Rules that select samples from a whole set, by name. A project adds its own with `RULES.add`.

The Snakefile loads this module, so numpy is imported inside functions. The names are listed in `polyglot.synthesis.recipes`,
which parses recipes such as `mdaq-500`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from polyglot.core.lookup import Lookup
from polyglot.synthesis import recipes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.intp]

Need = Literal["quality", "rewards", "clusters", "embeddings"]
"""Inputs that a rule may need: scores of the quality model, or the judge's rewards in their place; clusters, or embeddings."""


@dataclass(frozen=True)
class Samples:
    """n samples to select from, and the study's settings.

    Inputs that a rule `needs` are valid; others may be placeholders.

    Args:
        ids: all different.
        quality: shape (n,); NaN if unknown. For a rule that needs rewards, these.
        clusters: shape (n,).
        ratio: samples taken by quality for each one taken by diversity.
        seed: of random orders.
        embeddings: shape (n, d), where the rule needs them.
        weight: of quality against similarity, from 0 to 1.
        least: quality below which `judged` leaves a sample out.
    """

    ids: Sequence[str]
    quality: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.intp]
    ratio: int = 6
    seed: int = 0
    embeddings: npt.NDArray[np.float32] | None = None
    weight: float = 0.5
    least: float = float("-inf")


@dataclass(frozen=True)
class Rule:
    """A rule that selects samples of a whole set.

    Args:
        name: the recipe's name; a suffix such as -500 sets the number of samples.
        explained: a phrase for what it selects, shown in tables.
        select: the rows selected, in order of selection; the number asked for, or all if fewer.
        needs: required inputs.
    """

    name: str
    explained: str
    select: Callable[[Samples, int], Rows]
    needs: tuple[Need, ...] = ()

    @property
    def embeds(self) -> bool:
        """Whether it needs a model that embeds the samples."""
        return bool({"clusters", "embeddings"} & set(self.needs))


def _mdaq(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import best_then_uncovered, by_quality

    return best_then_uncovered(by_quality(samples.ids, samples.quality), samples.clusters, size, samples.ratio)


def _mmr(samples: Samples, size: int) -> Rows:
    import numpy as np

    from polyglot.selection.orders import by_quality
    from polyglot.selection.relevance import marginal_relevance

    if samples.embeddings is None:
        raise ValueError("embeddings are missing; name them in the `needs` of the rule")
    order = by_quality(samples.ids, samples.quality)
    known = order[: int(np.isfinite(samples.quality).sum())]
    taken = marginal_relevance(known, samples.quality, samples.embeddings, min(size, len(known)), samples.weight)
    return np.concatenate([taken, order[len(known) :]])[:size]


def _random(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import at_random

    return at_random(samples.ids, samples.seed)[:size]


def _quality_only(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import by_quality

    return by_quality(samples.ids, samples.quality)[:size]


def _judged(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import by_quality

    order = by_quality(samples.ids, samples.quality)
    return order[samples.quality[order] >= samples.least][:size]


def _diversity_only(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import at_random, in_rounds

    return in_rounds(at_random(samples.ids, samples.seed), samples.clusters)[:size]


MDAQ = Rule(
    "mdaq",
    "the best samples, then the best of each uncovered cluster, then the next best",
    _mdaq,
    needs=("quality", "clusters"),
)
MMR = Rule(
    "mmr",
    "the best sample, then always the one with the best balance of quality and unlikeness to those taken",
    _mmr,
    needs=("quality", "embeddings"),
)
RANDOM = Rule("random", "any samples", _random)
QUALITY_ONLY = Rule("quality-only", "the best samples", _quality_only, needs=("quality",))
DIVERSITY_ONLY = Rule(
    "diversity-only",
    "in a random order one sample of each cluster, then a second of each, and so on",
    _diversity_only,
    needs=("clusters",),
)
JUDGED = Rule(
    "judged", "the samples that the judge gives at least `selection.least_reward`, the best first", _judged, needs=("rewards",)
)
RULES: Lookup[Rule] = recipes.RULES
"""Every rule, in the order used in tables."""


def rule_of(recipe: str) -> Rule | None:
    """The rule of a recipe's name; None if it does not select."""
    return RULES.get(recipes.without_size(recipe))


class Settings(TypedDict, total=False):
    """How rules select; see `Samples`."""

    ratio: int
    seed: int
    weight: float
    least: float


def select(
    ids: Sequence[str],
    quality: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.intp],
    *,
    rule: str,
    size: int,
    embeddings: npt.NDArray[np.float32] | None = None,
    **settings: Unpack[Settings],
) -> Rows:
    """The rows that a rule selects, in order of selection.

    `mdaq` takes the best `size - size // (ratio + 1)` samples, then continues in order of quality with samples of uncovered
    clusters. If every cluster is covered before `size` is reached, the next best follow. `mmr` weighs quality against the largest
    similarity to what is taken (`polyglot.selection.relevance`). `quality-only` takes the best samples, `random` a random
    sample. `diversity-only` takes one sample of each cluster in random order, then a second of each, and so on. `judged` takes
    the best samples by the judge's rewards, but none below `least`, so that there may be fewer than `size`.

    Args:
        ids: unique ids of n samples; they break ties in quality.
        quality: shape (n,).
        clusters: shape (n,).
        rule: a name of `RULES`.
        size: number of samples; if larger than n, all are taken.
        embeddings: shape (n, d); only for a rule that needs them.
        settings: ratio, seed, weight and least of `Samples`.

    Raises:
        ValueError: if the rule is unknown, ids are duplicates, or shapes differ.
    """
    n = len(ids)
    if len(set(ids)) < n:
        raise ValueError("duplicate ids: give every sample a unique id")
    if quality.shape != (n,) or clusters.shape != (n,):
        raise ValueError(f"{n} ids, but quality of shape {quality.shape} and clusters of shape {clusters.shape}")
    if embeddings is not None and len(embeddings) != n:
        raise ValueError(f"{n} ids, but embeddings of shape {embeddings.shape}")
    return RULES[rule].select(Samples(ids, quality, clusters, embeddings=embeddings, **settings), min(size, n))
