"""What a page leaves out: tables and figures of analyses that a study has too few cells for, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from polyglot.core.arrays import settled
from polyglot.displays.context import Context
from polyglot.scoring.statistics import FEWEST

CORRELATED = ("intrinsic_extrinsic", "spearman")
COMPONENTS, REGRESSION, RANKINGS, LANGUAGES = "pca", "regression", ("weights",), "language_resources"
LEAST_CELLS = 4
"""Cells below which components of several metrics, or a model of them, cannot be found."""


def left_out(context: Context, cells: pd.DataFrame) -> Mapping[str, str]:
    """Names of tables and figures that say nothing of these cells, with the reason; all others are shown.

    Args:
        cells: of the main base and recipe; empty where a study has none.
    """
    if cells.empty:
        return {}
    outcome = next((name for name in ("gain", "pgr_released") if name in cells and cells[name].notna().any()), "intrinsic")
    known = cells.dropna(subset=["intrinsic", outcome])
    found = dict.fromkeys(CORRELATED, _needs(FEWEST, "complete cells", len(known)))
    found |= dict.fromkeys((COMPONENTS, REGRESSION), _needs(LEAST_CELLS, "complete cells", len(known)))
    if not _varies(known, outcome):
        found["intrinsic_extrinsic"] = found[REGRESSION] = "all students gain the same"
    column = f"pg_{context.definition}"
    ranked = int(cells.groupby("teacher")[column].apply(lambda scores: scores.notna().all()).sum())
    found |= dict.fromkeys(RANKINGS, _needs(FEWEST, "teachers with a score in every language", ranked))
    whole = cells.groupby("lang")[column].apply(lambda scores: scores.notna().all())
    found[LANGUAGES] = _needs(FEWEST, "languages with a mean score", int(whole.sum()))
    return {name: reason for name, reason in found.items() if reason}


def _needs(least: int, things: str, there: int) -> str:
    """Why too few are there; empty if there are enough."""
    return f"needs {least} {things} or more; there {'is' if there == 1 else 'are'} {there}" if there < least else ""


def _varies(cells: pd.DataFrame, column: str) -> bool:
    values = settled(cells[column].to_numpy(dtype=float))
    return len(values) > 0 and float(np.ptp(values)) > 0
