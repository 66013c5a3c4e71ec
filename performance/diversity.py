"""Mean pairwise cosine distance: the identity against the naive n x n matrix, both sides in one run.

    python performance/diversity.py [--texts 10000] [--dimensions 384 4096]

Prints seconds and the peak memory that each side adds to the embeddings, and checks that both give the same number.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from polyglot.intrinsic.diversity import mean_pairwise_distance


def naive(embeddings: np.ndarray) -> float:
    """The definition: all pairwise cosines in one matrix."""
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    cosines = units @ units.T
    n = len(units)
    return float(1 - (cosines.sum(dtype=np.float64) - np.trace(cosines)) / (n * (n - 1)))


def measure(side: str, texts: int, dimensions: int) -> tuple[float, float, float]:
    """(distance, seconds, MB above the embeddings), in a process of its own."""
    embeddings = np.random.default_rng(0).normal(size=(texts, dimensions)).astype(np.float32)
    start = time.perf_counter()
    distance = SIDES[side](embeddings)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    SIDES[side](embeddings)
    return distance, seconds, tracemalloc.get_traced_memory()[1] / 2**20


SIDES = {"identity": mean_pairwise_distance, "matrix": naive}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[384, 4096])
    arguments = parser.parse_args()
    print("| n | d | side | seconds | extra MB | distance |\n| --- | --- | --- | --- | --- | --- |")
    for dimensions in arguments.dimensions:
        found = []
        for side in ("identity", "matrix"):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                distance, seconds, memory = pool.apply(measure, (side, arguments.texts, dimensions))
            found.append(distance)
            print(f"| {arguments.texts} | {dimensions} | {side} | {seconds:.3f} | {memory:.0f} | {distance:.6f} |")
        assert abs(found[0] - found[1]) < 1e-4, "the two sides disagree"


if __name__ == "__main__":
    main()
