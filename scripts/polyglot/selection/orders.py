"""Orderings of samples, and selection from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyglot.core.hashing import stable_seed

Rows = npt.NDArray[np.intp]


def by_quality(ids: Sequence[str], quality: npt.NDArray[np.float64]) -> Rows:
    """Rows by quality, best first; ties by id, rows without quality (NaN) last."""
    known = np.isfinite(quality)
    return np.lexsort((np.asarray(ids, dtype=str), np.where(known, -quality, 0.0), ~known))


def at_random(ids: Sequence[str], seed: int) -> Rows:
    """Rows in an order that depends only on their ids and the seed."""
    keys = np.array([stable_seed("select", seed, one) for one in ids], dtype=np.uint64)
    return np.lexsort((np.asarray(ids, dtype=str), keys))


def in_rounds(order: Rows, clusters: npt.NDArray[np.intp]) -> Rows:
    """The first row of every cluster in this order, then the second of each, and so on."""
    seen: dict[int, int] = {}
    rounds = np.empty(len(order), dtype=np.intp)
    for place, row in enumerate(order):
        cluster = int(clusters[row])
        rounds[place] = seen[cluster] = seen.get(cluster, -1) + 1
    return order[np.argsort(rounds, kind="stable")]


def uncovered(order: Rows, clusters: npt.NDArray[np.intp], covered: set[int], wanted: int) -> list[int]:
    """In this order, rows whose cluster no earlier row has covered, at most `wanted`."""
    found: list[int] = []
    seen = set(covered)
    for row in order:
        if len(found) == wanted:
            break
        if int(clusters[row]) not in seen:
            seen.add(int(clusters[row]))
            found.append(int(row))
    return found


def best_then_uncovered(order: Rows, clusters: npt.NDArray[np.intp], size: int, ratio: int) -> Rows:
    """The first `size - size // (ratio + 1)` rows, then rows of uncovered clusters, then the next ones."""
    best = size - size // (ratio + 1)
    taken = [int(row) for row in order[:best]]
    taken += uncovered(order[best:], clusters, {int(clusters[row]) for row in taken}, size - best)
    rest = set(taken)
    taken += [int(row) for row in order[best:] if int(row) not in rest][: size - len(taken)]
    return np.array(taken, dtype=np.intp)
