"""Selection of a fifth of many samples after their embedding, by both forms of M-DaQ, at several sizes; beside it k-means on all
data in one go.

    python performance/selection.py [--samples 10000 30000 100000] [--dimensions 384] [--threads 2]

Prints seconds (of principal components, k-means and choice), microseconds a sample and the peak of memory; for the same data, the
seconds of scikit-learn's plain k-means, and how much farther from their centres samples are in our clusters.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))


def embeddings(samples: int, dimensions: int) -> Any:
    """Unit vectors around 300 topics, of which some are far more common than others."""
    import numpy as np

    rng = np.random.default_rng(0)
    topics = rng.normal(size=(300, dimensions))
    weights = 1 / np.arange(1, 301)
    chosen = rng.choice(300, size=samples, p=weights / weights.sum())
    found = (topics[chosen] + rng.normal(size=(samples, dimensions))).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def spread(data: Any, clusters: Any) -> float:
    """Mean squared distance of samples to the centre of their cluster."""
    import numpy as np

    total = 0.0
    for one in np.unique(clusters):
        rows = data[clusters == one]
        total += float(((rows - rows.mean(axis=0)) ** 2).sum())
    return total / len(data)


def ours(samples: int, dimensions: int) -> tuple[float, float, float]:
    """(seconds, peak MB of the process, spread)."""
    import numpy as np

    from polyglot.selection.clustering import cluster
    from polyglot.selection.rules import select

    data = embeddings(samples, dimensions)
    quality = np.random.default_rng(1).random(samples)
    ids = [f"{row:08x}" for row in range(samples)]
    start = time.perf_counter()
    clusters = cluster(data, seed=0)
    rows = select(ids, quality, clusters, rule="mdaq", size=samples // 5)
    seconds = time.perf_counter() - start
    assert len(rows) == samples // 5
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, spread(data, clusters)


def relevance(samples: int, dimensions: int) -> tuple[float, float, float]:
    """Maximal marginal relevance, without clusters; the spread is NaN."""
    import numpy as np

    from polyglot.selection.rules import select

    data = embeddings(samples, dimensions)
    quality = np.random.default_rng(1).random(samples)
    ids = [f"{row:08x}" for row in range(samples)]
    start = time.perf_counter()
    rows = select(ids, quality, np.zeros(samples, dtype=np.intp), rule="mmr", size=samples // 5, embeddings=data)
    seconds = time.perf_counter() - start
    assert len(rows) == samples // 5
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, float("nan")


def plain(samples: int, dimensions: int) -> tuple[float, float, float]:
    """The same with k-means that goes through all samples in each step."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    from polyglot.selection.clustering import VARIANCE, cluster_count

    data = embeddings(samples, dimensions)
    start = time.perf_counter()
    reduced = PCA(VARIANCE, svd_solver="covariance_eigh").fit_transform(data)
    clusters = KMeans(cluster_count(samples), n_init=1, random_state=0).fit_predict(reduced)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, spread(data, clusters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    print("| n | side | seconds | microseconds a sample | peak MB | mean squared distance to the centre |")
    print("| --- | --- | --- | --- | --- | --- |")
    for samples in arguments.samples:
        for name, side in (("mdaq", ours), ("mmr", relevance), ("plain k-means", plain)):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, memory, distance = pool.apply(side, (samples, arguments.dimensions))
            shown = f"{seconds:.1f} | {seconds / samples * 1e6:.0f} | {memory:,.0f} | {distance:.4f}"
            print(f"| {samples:,} | {name} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
