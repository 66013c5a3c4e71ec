"""."""

from __future__ import annotations

import pandas as pd

WEIGHTED_BY_SUBSET = "m-rewardbench"

SUBSET_WEIGHTS: dict[str, float] = {"math-prm": 984}
"""RewardBench weights a subset by its number of examples, except this one (447 examples), which counts as many as code."""


def example_weights(benchmark: str, outcomes: pd.DataFrame) -> pd.Series:
    """Weight of each example in a benchmark's score; they sum to 1.

    M-RewardBench: subsets by their number of examples within a category, then the mean over categories (Lambert et al., 2024,
    arXiv 2403.13787, section 4); else every example counts the same.
    """
    if benchmark != WEIGHTED_BY_SUBSET:
        return pd.Series(1 / len(outcomes), index=outcomes.index)
    size = outcomes.groupby(["category", "subset"])["subset"].transform("size")
    share = outcomes["subset"].map(SUBSET_WEIGHTS).fillna(size) / size
    within = share / share.groupby(outcomes["category"]).transform("sum")
    return within / outcomes["category"].nunique()
