"""."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE


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
