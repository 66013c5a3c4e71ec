"""."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE
from polyglot.intrinsic.metrics import STANDARD, Metric


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
    "prompt_tokens": "prompt length",
    "response_tokens": "response length",
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


def quantity(name: str, metrics: Sequence[Metric] = STANDARD) -> str:
    """The name of a measured quantity for people."""
    titles = {metric.analysed: f"{metric.title} (log)" if metric.logged else metric.title for metric in metrics}
    titles |= {metric.name: metric.title for metric in metrics}
    return NAMES.get(name) or titles.get(name) or str(name).replace("_", " ")


def lower_is_better(metrics: Sequence[Metric]) -> str:
    """The titles of the metrics that are the better the lower they are."""
    return ", ".join(metric.title for metric in metrics if metric.better == "lower")
