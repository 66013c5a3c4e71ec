"""Rules: which samples of a whole set are taken, by name. A project adds its own with `RULES.add`.

It is read with every Snakefile: numpy is imported where samples are taken. The names stand in `polyglot.synthesis.recipes`,
which reads them in recipes such as `mdaq-500`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from polyglot.core.lookup import Lookup
from polyglot.synthesis import recipes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.intp]

Need = Literal["quality", "clusters"]
"""What must be known of the samples: the score of the quality model, or their clusters."""


@dataclass(frozen=True)
class Samples:
    """n samples to take from, and the settings of the study.

    A rule may rely on what it `needs`; the rest may be of no meaning.

    Args:
        ids: all different.
        quality: shape (n,); NaN where it is not known.
        clusters: shape (n,).
        ratio: samples taken by quality for each one taken by diversity.
        seed: of random orders.
    """

    ids: Sequence[str]
    quality: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.intp]
    ratio: int = 6
    seed: int = 0


@dataclass(frozen=True)
class Rule:
    """A way to take samples of a whole set.

    Args:
        name: what a recipe is called by; a suffix such as -500 sets how many it takes.
        explained: what it takes, in a phrase; shown in tables.
        select: rows of the samples that it takes, in the order in which it takes them: so many, no more than there are.
        needs: what must be known of the samples.
    """

    name: str
    explained: str
    select: Callable[[Samples, int], Rows]
    needs: tuple[Need, ...] = ()


def _mdaq(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import best_then_uncovered, by_quality

    return best_then_uncovered(by_quality(samples.ids, samples.quality), samples.clusters, size, samples.ratio)


def _random(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import at_random

    return at_random(samples.ids, samples.seed)[:size]


def _quality_only(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import by_quality

    return by_quality(samples.ids, samples.quality)[:size]


def _diversity_only(samples: Samples, size: int) -> Rows:
    from polyglot.selection.orders import at_random, in_rounds

    return in_rounds(at_random(samples.ids, samples.seed), samples.clusters)[:size]


MDAQ = Rule(
    "mdaq",
    "the best samples, then those of clusters that none before has covered, then the next best",
    _mdaq,
    needs=("quality", "clusters"),
)
RANDOM = Rule("random", "any samples", _random)
QUALITY_ONLY = Rule("quality-only", "the best samples", _quality_only, needs=("quality",))
DIVERSITY_ONLY = Rule(
    "diversity-only",
    "in a random order one sample of each cluster, then a second of each, and so on",
    _diversity_only,
    needs=("clusters",),
)
RULES: Lookup[Rule] = recipes.RULES
"""Every rule, in the order in which tables explain them."""


def rule_of(recipe: str) -> Rule | None:
    """The rule of a recipe's name; None where it does not select."""
    return RULES.get(recipes.without_size(recipe))


def select(
    ids: Sequence[str],
    quality: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.intp],
    *,
    rule: str,
    size: int,
    ratio: int = 6,
    seed: int = 0,
) -> Rows:
    """The rows that a rule takes, in the order in which it takes them.

    `mdaq` takes the best `size - size // (ratio + 1)` samples, then goes on down the order of quality and takes a sample only if
    no sample of its cluster is taken yet. Where every cluster is covered before `size` is reached, the rest are the next best.
    `quality-only` takes the best. `random` takes any. `diversity-only` goes through a random order and takes one of each
    cluster, then a second of each, and so on.

    Args:
        ids: of n samples, all different; ties in quality are broken by them.
        quality: shape (n,).
        clusters: shape (n,).
        rule: a name of `RULES`.
        size: wanted samples; more than there are takes all.
        ratio: samples taken by quality for each one taken by diversity.
        seed: of random orders.

    Raises:
        ValueError: if the rule is unknown, ids are duplicates, or shapes differ.
    """
    n = len(ids)
    if len(set(ids)) < n:
        raise ValueError("duplicate ids: give every sample its own")
    if quality.shape != (n,) or clusters.shape != (n,):
        raise ValueError(f"{n} ids, but quality of shape {quality.shape} and clusters of shape {clusters.shape}")
    return RULES[rule].select(Samples(ids, quality, clusters, ratio, seed), min(size, n))
