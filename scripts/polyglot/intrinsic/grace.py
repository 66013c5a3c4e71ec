"""GRACE: how far a teacher's gradients lie outside what its own other gradients span (arXiv 2511.02833)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed

Places = npt.NDArray[np.int64]

SMOOTHING = 1e-3
"""Weight of the identity in the second moment, as in the authors' code."""
FEWEST_PER_DIMENSION = 3.6
"""Reference pairs for each dimension in the paper: nine tenths of 512 x 4 pairs, in 512 dimensions. With few, directions without
any reference pair outweigh all others."""


def fold_of(prompts: Sequence[str], folds: int, seed: int) -> Places:
    """The fold of each pair, 0 to `folds` - 1; all pairs of a prompt are in one.

    Folds have as many prompts as each other, give or take one.
    """
    names, code = np.unique(np.asarray(prompts, dtype=object).astype(str), return_inverse=True)
    rng = np.random.default_rng(stable_seed("grace folds", seed))
    found: Places = (rng.permutation(len(names)) % folds)[code]
    return found


def grace_values(gradients: Array, fold: Places) -> Array:
    """One number per pair; their mean is GRACE. Lower is better.

    A pair's number is h' A^-1 h: h is its gradient, A = (1 - nu) S + (nu / d) I, S the second moment of the unit gradients of
    all other folds, and nu = 0.001. The paper takes the mean over folds of their means. Here each pair counts alike, which is
    the same where folds have as many pairs as each other.

    Args:
        gradients: projected, and multiplied by the logarithm of the response's length as in the paper; shape (n, d).
        fold: of each pair; see `fold_of`.

    Returns:
        Shape (n,); NaN if all pairs are in one fold.
    """
    d = gradients.shape[1]
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    unit = gradients / np.where(norms > 0, norms, 1)
    whole = unit.T @ unit
    found = np.full(len(gradients), np.nan)
    for each in np.unique(fold):
        held = fold == each
        if held.all():
            continue
        second = (whole - unit[held].T @ unit[held]) / (~held).sum()
        smoothed = (1 - SMOOTHING) * second + SMOOTHING / d * np.eye(d)
        found[held] = np.einsum("ij,ji->i", gradients[held], np.linalg.solve(smoothed, gradients[held].T))
    return found


def few_references(pairs: int, dimensions: int, folds: int) -> str:
    """A warning if there are too few reference pairs for each dimension; empty if there are enough."""
    each = pairs * (1 - 1 / folds) / dimensions
    if each >= FEWEST_PER_DIMENSION:
        return ""
    most = int(pairs * (1 - 1 / folds) / FEWEST_PER_DIMENSION)
    return (
        f"GRACE of {pairs} pairs in {dimensions} dimensions has {each:.1f} reference pairs a dimension, fewer than the paper's "
        f"{FEWEST_PER_DIMENSION}: what no reference pair spans then decides it. Take at most {most} dimensions "
        "(intrinsic.gradients.dimensions), or more pairs (intrinsic.gradients.examples)."
    )
