"""Numbers of a whole set as one number an example, so that resampling examples gives their sampling error."""

from __future__ import annotations

import math
from collections.abc import Sequence


def jackknife_values(whole: float, without: Sequence[float], group_of: Sequence[int]) -> list[float]:
    """One number an example; their mean is the number of the set, and the variance of resampled means is the jackknife's.

    The jackknife's variance is (G - 1) / G times the sum of squared deviations of the G numbers without one group (Efron and
    Stein, Annals of Statistics 9, 1981, who show that on average it is never too small). An example's number lies
    sqrt(n (G - 1)) times as far from the set's as the number without its group from their mean, on the other side. Tukey's
    pseudo-values are these for groups of one, but for their mean: it would take away a part of the dependence on the size of the
    set, while what is compared between sets is the number itself.

    Args:
        whole: the number of the set.
        without: the number without each group of examples, the groups of equal size but for one example.
        group_of: each example's group, a place in `without`.

    Returns:
        NaN for every example where the number, or one without a group, is not defined.
    """
    if len(without) < 2 or not all(map(math.isfinite, (whole, *without))):
        return [math.nan] * len(group_of)
    sizes = [0] * len(without)
    for group in group_of:
        sizes[group] += 1
    mean = math.fsum(size * number for size, number in zip(sizes, without, strict=True)) / len(group_of)
    reach = math.sqrt(len(group_of) * (len(without) - 1))
    return [whole + reach * (mean - without[group]) for group in group_of]
