"""What figures say: names of quantities and groups, numbers with intervals, averages, and notes on holes and flags."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE, number
from polyglot.scoring.scores import interval


def authors(context: Context, frame: pd.DataFrame) -> list[str]:
    """The teachers in a table, in the study's order; other authors (people, a translator) after them."""
    known = set(frame["teacher"].dropna())
    return [name for name in context.teachers if name in known] + sorted(known - set(context.teachers))


def main_rows(context: Context, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the main base and recipe; where there are none, those of the first base and recipe."""
    if frame.empty:
        return frame
    chosen = frame[(frame["base"] == context.base) & (frame["recipe"] == context.recipe)]
    if chosen.empty:
        first = frame.iloc[0]
        chosen = frame[(frame["base"] == first["base"]) & (frame["recipe"] == first["recipe"])]
    return chosen


def group_names(context: Context, groups: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(base, recipe) to a name that says what differs among them."""
    several_bases, several_recipes = (len({group[place] for group in groups}) > 1 for place in (0, 1))
    return {
        (base, recipe): " · ".join([context.model(base)] * several_bases + [recipe] * several_recipes) or context.model(base)
        for base, recipe in groups
    }


def hole_note(context: Context, frame: pd.DataFrame | None = None, column: str = "", holes: pd.DataFrame | None = None) -> str:
    """Which cells have no measurement, and why where that is known; empty if all have one.

    Args:
        frame: cells (base, recipe, teacher, lang), of which those without a value in `column` are named too.
    """
    keys = ["base", "recipe", "teacher", "lang"]
    known = pd.DataFrame(columns=[*keys, "reason"], dtype=object) if holes is None else holes
    named = {tuple(row[key] for key in keys): str(row["reason"]) for row in known.to_dict("records")}
    if frame is not None:
        for row in frame[frame[column].isna()].to_dict("records"):
            named.setdefault(tuple(row[key] for key in keys), "")
    if not named:
        return ""
    groups = list(dict.fromkeys(cell[:2] for cell in named))
    several = max(len(groups), len(context.bases) * len(context.recipes))
    names = group_names(context, groups) if len(groups) > 1 else dict.fromkeys(groups, "")
    by_reason: dict[str, dict[tuple[str, str], list[tuple[str, str]]]] = {}
    for (base, recipe, teacher, lang), reason in named.items():
        by_reason.setdefault(reason, {}).setdefault((teacher, lang), []).append((base, recipe))
    parts = []
    for reason, cells in by_reason.items():
        texts = []
        for (teacher, lang), places in cells.items():
            where = "" if len(places) >= several else ", ".join(names[place] for place in places[:3])
            more = f" and {len(places) - 3} more" if where and len(places) > 3 else ""
            texts.append(
                f"{context.model(teacher)} in {context.language(lang, places[0][0])}" + f" ({where}{more})" * bool(where)
            )
        shown = "; ".join(texts[:4]) + (f"; and {len(texts) - 4} more" if len(texts) > 4 else "")
        parts.append(f"{shown}: {reason}" if reason else shown)
    return f"{HOLE} no measurement: {'; '.join(parts)}."


def flag_note(context: Context) -> str:
    """Which languages in an average are flagged; empty if none is."""
    if not context.flagged:
        return ""
    by_language: dict[str, list[str]] = {}
    for base, lang in sorted(context.flagged):
        if base in context.bases:
            by_language.setdefault(lang, []).append(base)
    names = []
    for lang, bases in by_language.items():
        where = "" if len(bases) == len(context.bases) else f" ({', '.join(context.model(base) for base in bases)})"
        names.append(context.language(lang).removesuffix(f" {FLAG}") + where)
    return f"{FLAG} flagged languages in the averages: {', '.join(names)}." if names else ""


def minus(text: str) -> str:
    """A number with the sign that figures use."""
    return text.replace("-", "−")


def interval_text(value: float, low: float, high: float, digits: int = 2, *, sign: bool = False) -> str:
    """A number with its interval, where it has one, for print in a panel."""
    ends = "" if pd.isna(low) else f" [{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]"
    return minus(number(value, digits, sign=sign) + ends)


def averages(replicates: pd.DataFrame, column: str, by: Sequence[str], confidence: float) -> pd.DataFrame:
    """Means over the rows of each replicate, with percentile intervals; a mean with a hole is not known.

    Returns:
        value, low, high, indexed by `by`.
    """
    means = replicates.groupby(["replicate", *by], sort=False)[column].mean(skipna=False).unstack("replicate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows of NaN only
        low, high = interval(means.drop(columns=0).to_numpy(dtype=float).T, confidence)
    return pd.DataFrame({"value": means[0], "low": low, "high": high})
