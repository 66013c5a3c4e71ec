"""Cells of a made-up study: metrics, an outcome that two of them explain, and a size that is constant within teachers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.analysis.components import component_regression, principal_components

Array = npt.NDArray[np.float64]
METRICS = ["a", "b", "c", "d"]


def study(teachers: int = 5, languages: int = 4, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Cells with four metrics, an outcome y that depends on two of them, and a size constant within teachers."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        list(itertools.product([f"t{k}" for k in range(teachers)], [f"l{k}" for k in range(languages)])),
        columns=["teacher", "lang"],
    )
    metrics = rng.normal(size=(len(frame), 4)) @ np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
    frame[METRICS] = metrics
    size = rng.normal(size=teachers).repeat(languages)
    noise = rng.normal(size=len(frame))
    return frame.assign(y=metrics[:, 0] + metrics[:, 1] + 0.3 * noise, size=size).assign(**columns)


def at(table: pd.DataFrame, row: Any, column: str) -> Any:
    """One value of a table (pandas' types do not know what kind it is)."""
    return table.loc[row, column]


def regress(frame: pd.DataFrame, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    chosen: dict[str, Any] = {"components": 2, "confidence": 0.95, "permutations": 39, "seed": 0}
    return component_regression(frame, METRICS, "y", **(chosen | options))


def components(frame: pd.DataFrame, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    chosen: dict[str, Any] = {"components": 2, "resamples": 50, "confidence": 0.95, "seed": 0}
    return principal_components(frame, METRICS, **(chosen | options))
