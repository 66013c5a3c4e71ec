"""Weightings: the weight of each item in a benchmark's score (`weighting` in config/benchmarks.yaml).

A plugin adds a weighting with `WEIGHTINGS.add("mine", Weighting(...))`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING

from polyglot.core.errors import WrongInput
from polyglot.core.lookup import Lookup

if TYPE_CHECKING:
    import pandas as pd

SUBSET_WEIGHTS: dict[str, float] = {"math-prm": 984}
"""RewardBench weights a subset by its number of examples, except this one (447 examples), which gets the same total weight as
code."""


@dataclass(frozen=True)
class Weighting:
    """The weights of items in a benchmark's score.

    Attributes:
        name: its name in config/benchmarks.yaml.
        weights: outcomes (columns example_id, category, subset) to the weight of each; they sum to 1.
        strata: columns whose values define groups of equally weighted items. Intervals resample items within a stratum; if empty,
            all items form one stratum.
    """

    name: str
    weights: Callable[[pd.DataFrame], pd.Series]
    strata: tuple[str, ...] = ()


def _equal(outcomes: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(1 / len(outcomes), index=outcomes.index)


def _parts(outcomes: pd.DataFrame) -> pd.Series:
    """Every subset counts the same, as in lighteval's mean over the parts of a set of tasks."""
    size = outcomes.groupby("subset")["subset"].transform("size")
    return 1 / size / outcomes["subset"].nunique()


def _reward_bench(outcomes: pd.DataFrame) -> pd.Series:
    """RewardBench: subsets by their number of examples within a category, then the mean over categories (Lambert et al., 2024,
    arXiv 2403.13787, section 4)."""
    size = outcomes.groupby(["category", "subset"])["subset"].transform("size")
    share = outcomes["subset"].map(SUBSET_WEIGHTS).fillna(size) / size
    within = share / share.groupby(outcomes["category"]).transform("sum")
    return within / outcomes["category"].nunique()


WEIGHTINGS = Lookup[Weighting](
    "weighting",
    {
        "equal": Weighting("equal", _equal),
        "parts": Weighting("parts", _parts, strata=("subset",)),
        "rewardbench": Weighting("rewardbench", _reward_bench, strata=("category", "subset")),
    },
    kind=Weighting,
)


def example_weights(weighting: str, outcomes: pd.DataFrame) -> pd.Series:
    """Weight of each example in a benchmark's score; they sum to 1.

    Args:
        weighting: name in `WEIGHTINGS`.
        outcomes: one row per example of one benchmark and language: columns example_id, category, subset.

    Raises:
        ValueError: if a weighting gives weights that are negative or do not sum to 1.
    """
    weights = WEIGHTINGS[weighting].weights(outcomes)
    if not (weights >= 0).all() or not isclose(weights.sum(), 1, abs_tol=1e-6):
        raise WrongInput(f"weighting '{weighting}': weights must be at least 0 and sum to 1; they sum to {weights.sum():.6g}")
    return weights


def strata(weighting: str, benchmark: str, outcomes: pd.DataFrame) -> pd.Series | str:
    """Stratum of each example: examples of equal weight, which are resampled together."""
    columns = WEIGHTINGS[weighting].strata
    return outcomes[list(columns)].astype(str).agg("/".join, axis=1) if columns else benchmark
