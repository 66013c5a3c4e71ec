"""Jackknife values: a whole-set statistic as one number per example, so that resampling examples gives its sampling error."""

from __future__ import annotations

import math
from collections.abc import Sequence


def jackknife_values(whole: float, without: Sequence[float], group_of: Sequence[int]) -> list[float]:
    """One number per example; their mean is the set's statistic, and the variance of resampled means is the jackknife's.

    The jackknife variance is (G - 1) / G times the sum of squared deviations of the G leave-one-group-out values (Efron and
    Stein, Annals of Statistics 9, 1981, who show that its bias is not negative). An example's value is the set's statistic minus
    sqrt(n (G - 1)) times the deviation of its group's leave-out value from their mean. For groups of one, these are Tukey's
    pseudo-values except for their mean, which would remove part of the dependence on set size; here the statistic itself is
    compared between sets.

    Args:
        whole: the statistic of the set.
        without: the statistic without each group of examples; group sizes differ by at most one.
        group_of: each example's group, an index into `without`.

    Returns:
        NaN for every example if the statistic, or one of its leave-out values, is undefined.
    """
    if len(without) < 2 or not all(map(math.isfinite, (whole, *without))):
        return [math.nan] * len(group_of)
    sizes = [0] * len(without)
    for group in group_of:
        sizes[group] += 1
    mean = math.fsum(size * number for size, number in zip(sizes, without, strict=True)) / len(group_of)
    reach = math.sqrt(len(group_of) * (len(without) - 1))
    return [whole + reach * (mean - without[group]) for group in group_of]
