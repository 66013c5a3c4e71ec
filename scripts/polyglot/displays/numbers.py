"""Formatting numbers: intervals, errors, signs, marks for missing values; and reading what was formatted, to sort by it."""

from __future__ import annotations

import math
import re

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


def share(value: float) -> str:
    """A share as a whole percentage; below 1 % but not 0, and above 99 % but not 1, with one decimal."""
    if pd.isna(value):
        return UNKNOWN
    return f"{value:.1%}" if 0 < value < 0.01 or 0.99 < value < 1 else f"{value:.0%}"


def millions(value: float) -> str:
    """A number of tokens in millions."""
    return UNKNOWN if pd.isna(value) else f"{significant(value / 1e6)} M"


def money(value: float) -> str:
    return UNKNOWN if pd.isna(value) else f"${value:,.2f}"


_LEADING = re.compile(r"(?P<bound>[<>≤≥]?)\s*(?P<sign>[+−-]?)\$?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<rest>.?)")


def leading(text: str) -> float | None:
    """The number that a formatted text begins with, such as -0.3 of "-0.30 [-0.47, -0.11]"; NaN for a missing one.

    A bound (<0.01, >0.99) is read as just beyond it. None: the text begins with no number.
    """
    plain = text.replace("*", "").strip()
    if plain in ("", UNKNOWN, HOLE):
        return math.nan
    found = _LEADING.match(plain)
    if found is None or found["rest"].isalpha():
        return None
    value = float(found["digits"].replace(",", "")) * (-1 if found["sign"] in ("-", "−") else 1)
    return value + {"<": -1e-9, ">": 1e-9}.get(found["bound"], 0.0)
