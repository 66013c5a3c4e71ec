"""Test power: the smallest gain that a benchmark can tell from nothing."""

from __future__ import annotations

from statistics import NormalDist

POWER = 0.8
"""Probability with which the smallest detectable gain is shown."""
DISAGREEMENT = 0.3
"""Share of items that a student and its base are assumed to answer differently, before anything is measured."""

ANEW = 0.4
"""Assumed share of the variance over items that another student of the same teacher has anew; the rest is common to them."""


HARDLY = 0.05
"""Share of items that two models answer differently, below which that share says nothing of a student that has learned."""


def smallest_gain(error: float, confidence: float, items: float | None = None) -> float:
    """The true gain whose interval excludes 0 with the probability `POWER` (Cohen, Statistical Power Analysis, 1988).

    Args:
        error: standard error of the gain.
        confidence: coverage of its interval, 0 to 1.
        items: of the benchmark, where the error was measured. A gain of g needs a share g of them to be answered otherwise, so
            that its error is at least that of such a share. None: take the error as it is.
    """
    normal = NormalDist()
    reach = normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(POWER)
    return max(reach * error, reach**2 / (items + reach**2) if items else 0.0)


def expected_error(items: int) -> float:
    """Standard error over items of the paired difference of two models that disagree on `DISAGREEMENT` of them."""
    return float((DISAGREEMENT / items) ** 0.5)


def hardly_differ(error: float, items: float) -> bool:
    """Whether a measured standard error is that of two models that answer nearly all items alike."""
    return items * error**2 < HARDLY
