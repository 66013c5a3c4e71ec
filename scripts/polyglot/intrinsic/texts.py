"""Metrics of texts alone, measured on a training set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.core.cells import MIN_EXAMPLES
from polyglot.core.errors import WrongInput
from polyglot.intrinsic.metrics import Metric


def measure_texts(metric: Metric, data: pd.DataFrame) -> pd.DataFrame:
    """One number per example.

    Args:
        data: a training set: id, prompt, response.

    Returns:
        Columns id and the metric's own; NaN for a set with fewer than two examples.

    Raises:
        ValueError: if the metric has no function, or its function does not return one number per example.
    """
    if metric.measure is None:
        raise WrongInput(f"the metric '{metric.name}' has no function `measure`, which a metric of texts alone needs")
    found = np.full(len(data), np.nan)
    if len(data) >= MIN_EXAMPLES:
        measured = metric.measure(list(data["prompt"]), list(data["response"]))
        if len(measured) != len(data):
            raise WrongInput(
                f"the metric '{metric.name}' gave {len(measured)} numbers for {len(data)} examples; it must give one each"
            )
        found = np.asarray(measured, dtype=float)
    return data[["id"]].assign(**{metric.values: found})
