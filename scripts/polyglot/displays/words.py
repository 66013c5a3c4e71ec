"""."""

from __future__ import annotations

import math

import pandas as pd

from polyglot.displays.context import Context

FLAG = "⚑"
"""Marks a language whose reference does not beat its base by more than the gap's standard error."""

HOLE = "✗"
"""Marks a cell without a measurement."""

UNKNOWN = "–"


def number(value: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number, or `missing` (a dash) where there is none. What rounds to zero has no minus."""
    if pd.isna(value):
        return missing
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:+.{digits}f}" if sign else f"{rounded:.{digits}f}"


def with_interval(value: float, low: float, high: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its interval in brackets, where it has one."""
    shown = number(value, digits, sign=sign, missing=missing)
    known = pd.notna(value) and pd.notna(low) and pd.notna(high)
    return f"{shown} [{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]" if known else shown


def with_error(value: float, error: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its standard error."""
    shown = number(value, digits, sign=sign, missing=missing)
    return f"{shown} ± {number(error, digits)}" if pd.notna(value) and pd.notna(error) else shown


def significant(value: float, digits: int = 3) -> str:
    """A positive number with so many significant digits, never in powers of ten."""
    if pd.isna(value) or math.isinf(value):
        return UNKNOWN
    places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    return f"{round(value, places):,.{max(0, places)}f}"


def probability(value: float, *, missing: str = UNKNOWN) -> str:
    """A share of resamples; what none or all of them show is still not impossible or certain."""
    if pd.isna(value):
        return missing
    return ">0.99" if value > 0.995 else "<0.01" if value < 0.005 else f"{value:.2f}"


def p_value(value: float) -> str:
    return UNKNOWN if pd.isna(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float) -> str:
    return UNKNOWN if pd.isna(value) else f"{int(value):,}"


def flag_notes(context: Context, gaps: pd.DataFrame | None) -> list[str]:
    """What a flag means, and which languages have one."""
    if gaps is None:
        return ["Scores of base and reference are not available: no language can be flagged."]
    if not context.flagged:
        return ["No language is flagged: every reference beats its base by more than the gap's standard error."]
    names = ", ".join(f"{context.language(lang, base)} ({context.model(base)})" for base, lang in context.flagged)
    return [f"{FLAG}: the reference does not beat the base by more than the gap's standard error; distrust PGR there: {names}."]


def hole_notes(context: Context, holes: pd.DataFrame | None) -> list[str]:
    """Which cells have no measurement, and why."""
    if holes is None or holes.empty:
        return []
    named = []
    several = len(context.recipes) * len(context.bases) > 1
    keys = ["base", "recipe", "teacher", "reason"]
    groups = holes.fillna({"reason": "reason not known"}).groupby(keys, sort=False)
    for key, rows in groups:
        base, recipe, teacher, reason = (str(part) for part in key)
        langs = ", ".join(context.language(lang, base) for lang in rows["lang"])
        where = f" ({recipe}, {context.model(base)})" if several else ""
        named.append(f"{context.model(teacher)}{where} in {langs}: {reason}")
    return [f"{HOLE}: no measurement. {'; '.join(named)}. A teacher with a hole has no average and no rank."]


NAMES = {
    "prompt_diversity": "prompt diversity",
    "response_diversity": "response diversity",
    "prompt_tokens": "prompt length",
    "response_tokens": "response length",
    "log_perplexity": "perplexity (log)",
    "log_prompt_tokens": "prompt length (log)",
    "log_response_tokens": "response length (log)",
    "intrinsic": "intrinsic score",
    "student_score": "student's score",
    "gain": "gain",
    "standardised_gain": "gain in std. errors",
    "pgr_released": "PGR (released)",
    "pgr_paper": "PGR (paper)",
    "pg_released": "PG (released)",
    "pg_paper": "PG (paper)",
    "pg_signsafe": "PG (signsafe)",
}


def quantity(name: str) -> str:
    """The name of a measured quantity for people."""
    return NAMES.get(name, str(name).replace("_", " "))


TITLES = {
    "prompt_diversity": "prompt diversity",
    "response_diversity": "response diversity",
    "reward": "reward",
    "perplexity": "perplexity",
}
