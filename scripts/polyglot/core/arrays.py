"""Numeric arrays: their type, and what counts as equal in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

DECIMALS = 9
"""Decimals of a score that count; further ones are rounding errors of sums, as of z-scores that add up to 0."""


def settled(values: Array) -> Array:
    """The values without rounding errors, so that those that are equal compare as equal."""
    found: Array = np.round(values, DECIMALS) + 0.0
    return found
