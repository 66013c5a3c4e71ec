"""Shared parts of figures: rows, numbers with intervals, averages."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import number
from polyglot.scoring.scores import interval


def authors(context: Context, frame: pd.DataFrame) -> list[str]:
    """The teachers in a table, in the study's order; other authors (humans, a translator) after them."""
    known = set(frame["teacher"].dropna())
    return [name for name in context.teachers if name in known] + sorted(known - set(context.teachers))


def main_rows(context: Context, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the main base and recipe; if there are none, those of the first base and recipe."""
    if frame.empty:
        return frame
    chosen = frame[(frame["base"] == context.base) & (frame["recipe"] == context.recipe)]
    if chosen.empty:
        first = frame.iloc[0]
        chosen = frame[(frame["base"] == first["base"]) & (frame["recipe"] == first["recipe"])]
    return chosen


def minus(text: str) -> str:
    """A number with the minus sign used in figures."""
    return text.replace("-", "−")


def interval_text(value: float, low: float, high: float, digits: int = 2, *, sign: bool = False) -> str:
    """A number with its interval, if it has one, for a panel."""
    ends = "" if pd.isna(low) else f" [{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]"
    return minus(number(value, digits, sign=sign) + ends)


def averages(replicates: pd.DataFrame, column: str, by: Sequence[str], confidence: float) -> pd.DataFrame:
    """Means over the rows of each replicate, with percentile intervals; a mean with a missing value is NaN.

    Returns:
        value, low, high, indexed by `by`.
    """
    means = replicates.groupby(["replicate", *by], sort=False)[column].mean(skipna=False).unstack("replicate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows of NaN only
        low, high = interval(means.drop(columns=0).to_numpy(dtype=float).T, confidence)
    return pd.DataFrame({"value": means[0], "low": low, "high": high})
