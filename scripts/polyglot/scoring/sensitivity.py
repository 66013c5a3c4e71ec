"""How a ranking of teachers depends on the choices behind the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array, settled
from polyglot.intrinsic.metrics import PAPER, PERPLEXITIES, Metric
from polyglot.scoring.scores import DEFINITIONS, STUDENT, Definition, Perplexity, interval, score_cells

MEASURES: tuple[Perplexity, ...] = ("mean", "corpus", "median")


def sensitivity(
    measurements: pd.DataFrame,
    *,
    alpha: float,
    definition: Definition,
    confidence: float,
    recipe: str | None = None,
    frozen: pd.DataFrame | None = None,
    scored: Sequence[Metric] = PAPER,
    perplexity: Perplexity = "median",
) -> pd.DataFrame:
    """How the ranking of teachers depends on the weight, the set of metrics and the definition.

    Args:
        measurements: see `check_measurements`.
        alpha, definition, recipe, frozen, scored, perplexity: the reference settings (see `score_cells`).

    Returns:
        One row per setting: choice (`alpha`, `without`, `perplexity`, `definition`), value, definition, spearman (between the
        teachers' averages under it and under the reference settings) with low and high over replicates, which always hold the
        correlation itself, first (the top teacher; empty if several share the place), n (teachers).
    """

    settings: dict[str, Any] = {"confidence": confidence, "recipe": recipe, "frozen": frozen, "scored": scored}

    def means(alpha: float, metrics: Sequence[str] | None = None, measure: Perplexity = perplexity) -> pd.DataFrame:
        _, replicates = score_cells(measurements, alpha=alpha, metrics=metrics, perplexity=measure, **settings)
        return replicates.groupby(["replicate", *STUDENT])[[f"pg_{name}" for name in DEFINITIONS]].mean(skipna=False)

    def wide(found: pd.DataFrame, name: str) -> pd.DataFrame:
        return found[f"pg_{name}"].unstack(list(STUDENT))

    chosen = means(alpha)
    rows: list[dict[str, Any]] = []

    def compare(varied: str, value: str, name: str, reference: pd.DataFrame, other: pd.DataFrame) -> None:
        measured = reference.loc[[0]].notna().to_numpy()[0] & other.loc[[0]].notna().to_numpy()[0]
        known = [column for column, there in zip(reference.columns, measured, strict=True) if there]
        found = rank_correlation(reference[known].to_numpy(dtype=float), other[known].to_numpy(dtype=float))
        low, high = interval(found[1:], confidence)
        rho = {"spearman": float(found[0]), "low": np.fmin(low, found[0]), "high": np.fmax(high, found[0])}
        first = leader([column[-1] for column in known], other.loc[0, known].to_numpy(dtype=float))
        rows.append({"choice": varied, "value": value, "definition": name, **rho, "first": first, "n": len(known)})

    for step in range(11):
        other = means(step / 10)
        for name in DEFINITIONS:
            compare("alpha", f"{step / 10:.1f}", name, wide(chosen, name), wide(other, name))
    intrinsics = [metric.name for metric in scored]
    for metric in intrinsics if len(intrinsics) > 1 else []:
        other = means(alpha, [name for name in intrinsics if name != metric])
        for name in DEFINITIONS:
            compare("without", metric, name, wide(chosen, name), wide(other, name))
    for measure in MEASURES if {*PERPLEXITIES} <= {*measurements.columns} and "perplexity" in intrinsics else ():
        other = means(alpha, None, measure)
        for name in DEFINITIONS:
            compare("perplexity", measure, name, wide(chosen, name), wide(other, name))
    for name in DEFINITIONS:
        compare("definition", name, name, wide(chosen, definition), wide(chosen, name))
    return pd.DataFrame(rows)


def leader(teachers: Sequence[str], scores: Array) -> str:
    """The teacher with the highest score; empty if several have it, or there is none."""
    top = np.flatnonzero(settled(scores) == np.max(settled(scores), initial=-np.inf))
    return teachers[top[0]] if len(top) == 1 else ""


def rank_correlation(first: Array, second: Array) -> Array:
    """Spearman correlation of each row of two arrays of shape (replicates, n); NaN if undefined."""
    from scipy.stats import rankdata

    if first.shape[-1] < 2:
        return np.full(len(first), np.nan)
    ranks = [rankdata(settled(values), axis=-1) - (values.shape[-1] + 1) / 2 for values in (first, second)]
    scale = np.sqrt((ranks[0] ** 2).sum(axis=-1) * (ranks[1] ** 2).sum(axis=-1))
    found: Array = (ranks[0] * ranks[1]).sum(axis=-1) / np.where(scale == 0, np.nan, scale)
    return found
