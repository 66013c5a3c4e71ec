"""Clusters of embeddings: principal components that hold 95 % of the variance, then k-means with k = floor(sqrt(n / 2))."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

VARIANCE = 0.95
BATCH = 4096
"""Samples per k-means batch."""


def cluster_count(n: int) -> int:
    """floor(sqrt(n / 2)), and at least one (Ge et al. 2024, arXiv 2402.18191)."""
    return max(1, math.isqrt(n // 2))


def cluster(embeddings: npt.NDArray[np.floating], seed: int) -> npt.NDArray[np.intp]:
    """The cluster of every sample.

    The covariance matrix is d x d and k-means uses mini-batches, so memory and (apart from the number of clusters) time grow
    linearly with the samples.

    Args:
        embeddings: shape (n, d).

    Returns:
        Shape (n,), numbers from 0 to k - 1; equal embeddings are in the same cluster. Empty without samples.
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA

    n = len(embeddings)
    if n == 0:
        return np.empty(0, dtype=np.intp)
    count = min(cluster_count(n), len(np.unique(embeddings, axis=0)))
    if count == 1:
        return np.zeros(n, dtype=np.intp)
    reduced = PCA(VARIANCE, svd_solver="covariance_eigh").fit_transform(np.asarray(embeddings, dtype=np.float32))
    found: npt.NDArray[np.intp] = MiniBatchKMeans(count, batch_size=BATCH, n_init=3, random_state=seed).fit_predict(reduced)
    return found.astype(np.intp)
