"""Quality of a routing strategy: Hit@k and regret on held-out calibration prompts, where every reward is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.scores import interval

Array = npt.NDArray[np.float64]
HITS = (1, 3)
MEASURES = (*(f"hit_{k}" for k in HITS), "regret")


def by_ranking(scores: Array, reward: Array, best: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Metrics of a strategy that ranks the teachers for each prompt.

    Args:
        scores, reward, best: shape (n, m). Unknown rewards count as the mean of the known ones.

    Returns:
        hit_1, hit_3 (whether a best teacher is first, or among the first three) and regret (highest reward minus that of the
        first), one row per prompt.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    filled = _filled(reward)
    found = {f"hit_{k}": np.take_along_axis(best, order[:, :k], axis=1).any(axis=1).astype(float) for k in HITS}
    chosen = np.take_along_axis(filled, order[:, :1], axis=1)[:, 0]
    return pd.DataFrame({**found, "regret": np.nanmax(reward, axis=1) - chosen})


def by_chance(reward: Array, best: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Expected metrics of a random teacher for each prompt: see `by_ranking`."""
    m = reward.shape[1]
    found = {}
    for k in HITS:
        draws = [list(chosen) for chosen in combinations(range(m), min(k, m))]
        found[f"hit_{k}"] = np.mean([best[:, chosen].any(axis=1) for chosen in draws], axis=0)
    return pd.DataFrame({**found, "regret": np.nanmax(reward, axis=1) - _filled(reward).mean(axis=1)})


def _filled(reward: Array) -> Array:
    mean = np.nanmean(reward, axis=1, keepdims=True)
    return np.where(np.isfinite(reward), reward, mean)


def with_intervals(measured: pd.DataFrame, *, replicates: int, confidence: float, seed: int) -> dict[str, Any]:
    """Means over prompts with bootstrap intervals over prompts: `hit_1`, `hit_1_low`, `hit_1_high` ..., and `prompts`."""
    if measured.empty:
        return {"prompts": 0} | {f"{name}{end}": float("nan") for name in MEASURES for end in ("", "_low", "_high")}
    rng = np.random.default_rng(stable_seed("routing", seed))
    drawn = resample_means(measured[list(MEASURES)].to_numpy(dtype=float), replicates, rng)
    low, high = interval(drawn, confidence)
    found: dict[str, Any] = {"prompts": len(measured)}
    for place, name in enumerate(MEASURES):
        found |= {name: float(measured[name].mean()), f"{name}_low": float(low[place]), f"{name}_high": float(high[place])}
    return found


def shares(assigned: pd.DataFrame, teachers: Sequence[str], labels: Mapping[str, str]) -> pd.DataFrame:
    """Share of the prompts of each language that go to each teacher, with counts.

    Args:
        assigned: rows of assignments (see `polyglot.routing.assignment`).
        labels: constant columns of the result.

    Returns:
        The labels, lang (empty for all), teacher, assigned, prompts, share.
    """
    rows = []
    for lang, group in [("", assigned), *assigned.groupby("lang", sort=False)]:
        counts = group["teacher"].value_counts()
        for teacher in teachers:
            count = int(counts.get(teacher, 0))
            rows.append({**labels, "lang": lang, "teacher": teacher, "assigned": count, "prompts": len(group)})
    found = pd.DataFrame(rows)
    return found.assign(share=found["assigned"] / found["prompts"])
