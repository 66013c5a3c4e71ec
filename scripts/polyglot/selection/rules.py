"""Which samples are taken: by quality, by diversity, by both, or at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyglot.core.hashing import stable_seed
from polyglot.synthesis.recipes import Rule

Rows = npt.NDArray[np.intp]


def by_quality(ids: Sequence[str], quality: npt.NDArray[np.float64]) -> Rows:
    """Rows from the best down; ties by id, what has no quality (NaN) last."""
    known = np.isfinite(quality)
    return np.lexsort((np.asarray(ids, dtype=str), np.where(known, -quality, 0.0), ~known))


def at_random(ids: Sequence[str], seed: int) -> Rows:
    """Rows in an order that depends on their ids and the seed alone."""
    keys = np.array([stable_seed("select", seed, one) for one in ids], dtype=np.uint64)
    return np.lexsort((np.asarray(ids, dtype=str), keys))


def uncovered(order: Rows, clusters: npt.NDArray[np.intp], covered: set[int], wanted: int) -> list[int]:
    """Of rows in this order, those whose cluster none before has covered, at most `wanted`."""
    found: list[int] = []
    seen = set(covered)
    for row in order:
        if len(found) == wanted:
            break
        if int(clusters[row]) not in seen:
            seen.add(int(clusters[row]))
            found.append(int(row))
    return found


def select(
    ids: Sequence[str],
    quality: npt.NDArray[np.float64],
    clusters: npt.NDArray[np.intp],
    *,
    rule: Rule,
    size: int,
    ratio: int = 6,
    seed: int = 0,
) -> Rows:
    """The rows that a rule takes, in the order in which it takes them.

    `mdaq` takes the best `size - size // (ratio + 1)` samples, then goes on down the order of quality and takes a sample only if
    no sample of its cluster is taken yet. Where every cluster is covered before `size` is reached, the rest are the next best.
    `quality-only` takes the best. `random` takes any. `diversity-only` goes through a random order and takes one of each
    cluster, then a second of each, and so on.

    Args:
        ids: of n samples, all different; ties in quality are broken by them.
        quality: shape (n,).
        clusters: shape (n,).
        size: wanted samples; more than there are takes all.
        ratio: samples taken by quality for each one taken by diversity.
        seed: of random orders.

    Raises:
        ValueError: if an id is a duplicate, or shapes differ.
    """
    n = len(ids)
    if len(set(ids)) < n:
        raise ValueError("duplicate ids: give every sample its own")
    if quality.shape != (n,) or clusters.shape != (n,):
        raise ValueError(f"{n} ids, but quality of shape {quality.shape} and clusters of shape {clusters.shape}")
    size = min(size, n)
    if rule == "random":
        return at_random(ids, seed)[:size]
    if rule == "diversity-only":
        return _in_rounds(at_random(ids, seed), clusters)[:size]
    order = by_quality(ids, quality)
    if rule == "quality-only":
        return order[:size]
    best = size - size // (ratio + 1)
    taken = [int(row) for row in order[:best]]
    taken += uncovered(order[best:], clusters, {int(clusters[row]) for row in taken}, size - best)
    rest = set(taken)
    taken += [int(row) for row in order[best:] if int(row) not in rest][: size - len(taken)]
    return np.array(taken, dtype=np.intp)


def _in_rounds(order: Rows, clusters: npt.NDArray[np.intp]) -> Rows:
    """The first of every cluster in this order, then the second of every one, and so on."""
    seen: dict[int, int] = {}
    rounds = np.empty(len(order), dtype=np.intp)
    for place, row in enumerate(order):
        cluster = int(clusters[row])
        rounds[place] = seen[cluster] = seen.get(cluster, -1) + 1
    return order[np.argsort(rounds, kind="stable")]
