"""Formatting numbers: intervals, errors, signs, and marks for missing values."""

from __future__ import annotations

import math

import pandas as pd

FLAG = "⚑"
"""Marks a language whose reference does not beat its base by more than the gap's standard error."""

HOLE = "✗"
"""Marks a cell without a measurement."""

UNKNOWN = "–"


def number(value: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number, or `missing` (a dash) if there is none. Values that round to zero have no minus."""
    if pd.isna(value):
        return missing
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:+.{digits}f}" if sign else f"{rounded:.{digits}f}"


def with_interval(value: float, low: float, high: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its interval in brackets, if it has one."""
    shown = number(value, digits, sign=sign, missing=missing)
    known = pd.notna(value) and pd.notna(low) and pd.notna(high)
    return f"{shown} [{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]" if known else shown


def with_error(value: float, error: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its standard error."""
    shown = number(value, digits, sign=sign, missing=missing)
    return f"{shown} ± {number(error, digits)}" if pd.notna(value) and pd.notna(error) else shown


def significant(value: float, digits: int = 3) -> str:
    """A positive number with this many significant digits, never in scientific notation."""
    if pd.isna(value) or math.isinf(value):
        return UNKNOWN
    places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    return f"{round(value, places):,.{max(0, places)}f}"


def probability(value: float, *, missing: str = UNKNOWN) -> str:
    """A share of resamples as a probability, never shown as exactly 0 or 1."""
    if pd.isna(value):
        return missing
    return ">0.99" if value > 0.995 else "<0.01" if value < 0.005 else f"{value:.2f}"


def p_value(value: float) -> str:
    return UNKNOWN if pd.isna(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float) -> str:
    return UNKNOWN if pd.isna(value) else f"{int(value):,}"
