"""Numeric arrays: their type, what counts as equal in them, and a root that is the same on every processor."""

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


def symmetric_root(covariance: Array) -> Array:
    """The symmetric root of a covariance matrix, which may be singular: standard normal draws times it have that covariance.

    A matrix has many roots, and which one a library takes for eigenvalues that are alike depends on the processor. There is only
    one symmetric root, so the same seed gives the same draws everywhere, up to rounding.
    """
    values, vectors = np.linalg.eigh(covariance)
    root: Array = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    return root
