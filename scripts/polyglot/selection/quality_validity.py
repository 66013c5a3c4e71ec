"""How well a quality model separates good from worse responses: AUC by language and kind, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.scoring.scores import interval

Array = npt.NDArray[np.float64]


def auc(good: Array, bad: Array, weights: Array) -> Array:
    """Probability that a good response scores above a bad one, ties counted half, for each row of weights.

    Args:
        good, bad: shape (n,), of the same n instructions.
        weights: shape (r, n): weight of each instruction.

    Returns:
        Shape (r,).
    """
    order = np.argsort(bad)
    below = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights[:, order], axis=1)], axis=1)
    left, right = (np.searchsorted(bad[order], good, side=side) for side in ("left", "right"))
    wins = below[:, left] + 0.5 * (below[:, right] - below[:, left])
    total = weights.sum(axis=1)
    found: Array = (weights * wins).sum(axis=1) / total**2
    return found


def validity(
    held_out: pd.DataFrame, scores: Mapping[str, tuple[Array, Array]], *, replicates: int, confidence: float, seed: int
) -> pd.DataFrame:
    """AUC of every model by kind, then by language and kind, then by category and kind; and the difference between the first
    model and the second.

    Args:
        held_out: triplets: lang, category, kind.
        scores: model to the scores of its triplets' positives and negatives: `trained`, `untrained`.

    Returns:
        lang and category (empty for all), kind, n, {model}, {model}_low, {model}_high of each, difference, difference_low,
        difference_high.
    """
    numbered = held_out.reset_index(drop=True)
    found = []
    for keys in ([], ["lang"], ["category"]):
        for names, part in numbered.groupby([*keys, "kind"], sort=bool(keys)):
            row: dict[str, Any] = {"lang": "", "category": ""} | dict(zip([*keys, "kind"], names, strict=True))
            if not all(names):
                continue
            n, rows = len(part), part.index
            rng = np.random.default_rng(stable_seed("auc", *row.values(), seed))
            weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=replicates)])
            values = {name: auc(good[rows], bad[rows], weights) for name, (good, bad) in scores.items()}
            first, second = values.values()
            row["n"] = n
            for name, one in {**values, "difference": first - second}.items():
                low, high = interval(one[1:], confidence)
                row |= {name: float(one[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
            found.append(row)
    return pd.DataFrame(found)
