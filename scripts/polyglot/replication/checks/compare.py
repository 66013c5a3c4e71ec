"""Published and recomputed values, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from polyglot.scoring.statistics import spearman_matrix

CELL = ["teacher", "lang"]


def items(published: Mapping[Any, Any], recomputed: Mapping[Any, Any]) -> pd.DataFrame:
    """Published and recomputed values side by side, by item."""
    rows = [{"item": item, "published": value, "recomputed": recomputed.get(item, np.nan)} for item, value in published.items()]
    return pd.DataFrame(rows, columns=["item", "published", "recomputed"], dtype=object)


def series(frame: pd.DataFrame, keys: list[str], column: str) -> dict[str, float]:
    """A column by its joined keys."""
    names = frame[keys].astype(str).agg(" ".join, axis=1)
    return dict(zip(names, frame[column].astype(float), strict=True))


def spearman(frame: pd.DataFrame, a: str, b: str, confidence: float) -> pd.Series:
    """Spearman correlation of two columns: rho, low, high, p, n (see `polyglot.scoring.statistics.spearman_matrix`)."""
    found = spearman_matrix(frame, [a, b], confidence=confidence)
    return found[(found["a"] == a) & (found["b"] == b)].iloc[0]
