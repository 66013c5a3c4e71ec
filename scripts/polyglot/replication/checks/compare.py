"""Published and recomputed values, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

CELL = ["teacher", "lang"]


def items(published: Mapping[Any, Any], recomputed: Mapping[Any, Any]) -> pd.DataFrame:
    """Published and recomputed values side by side, by item."""
    rows = [{"item": item, "published": value, "recomputed": recomputed.get(item, np.nan)} for item, value in published.items()]
    return pd.DataFrame(rows, columns=["item", "published", "recomputed"], dtype=object)


def series(frame: pd.DataFrame, keys: list[str], column: str) -> dict[str, float]:
    """A column by its joined keys."""
    names = frame[keys].astype(str).agg(" ".join, axis=1)
    return dict(zip(names, frame[column].astype(float), strict=True))
