"""Shared texts of tables and figures: names of quantities and students, and notes on flags and missing cells."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE, count
from polyglot.intrinsic.metrics import STANDARD, Metric


def group_names(context: Context, groups: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(base, recipe) to a name that shows what differs between them."""
    several_bases, several_recipes = (len({group[place] for group in groups}) > 1 for place in (0, 1))
    return {
        (base, recipe): " · ".join([context.model(base)] * several_bases + [recipe] * several_recipes) or context.model(base)
        for base, recipe in groups
    }


def flag_notes(context: Context, gaps: pd.DataFrame | None) -> list[str]:
    """Notes below a table: the meaning of a flag, and the flagged languages."""
    if gaps is None:
        return ["Scores of base and reference are not available: no language can be flagged."]
    if not context.flagged:
        return ["No language is flagged: every reference beats its base by more than the gap's standard error."]
    names = ", ".join(f"{context.language(lang, base)} ({context.model(base)})" for base, lang in context.flagged)
    return [f"{FLAG}: the reference does not beat the base by more than the gap's standard error; distrust PGR there: {names}."]


def flag_line(context: Context) -> str:
    """A line below a figure: flagged languages in an average; empty if none."""
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


TWO_CELLS = "with two teachers in one language a score only counts in how many metrics each is ahead"


def two_cells(cells: pd.DataFrame) -> bool:
    """Whether every z-score of some cells is 1, -1 or 0, as it is where two of them define the scale."""
    z = cells.filter(regex="^z_").dropna()
    return len(z) == 2 and bool((z.abs().isin([0, 1])).to_numpy().all()) and z.shape[1] > 0


UNEQUAL = 0.05
"""Share by which the largest training set of a language may exceed the smallest without a caveat."""


def size_span(context: Context, recipe: str, lang: str) -> str:
    """The smallest and largest training set of a recipe in a language, where teachers differ by more than 5 %; else empty."""
    sizes = {author: size for (of, author, code), size in context.sizes.items() if (of, code) == (recipe, lang)}
    if not sizes or max(sizes.values()) <= (1 + UNEQUAL) * min(sizes.values()):
        return ""
    ends = min(sizes, key=lambda author: sizes[author]), max(sizes, key=lambda author: sizes[author])
    return " to ".join(f"{count(round(sizes[author]))} ({context.model(author)})" for author in ends)


def span(sizes: Sequence[float]) -> str:
    """The smallest and the largest of some numbers of examples."""
    return " to ".join(dict.fromkeys(count(round(end(sizes))) for end in (min, max)))


def size_notes(context: Context, recipes: Sequence[str]) -> list[str]:
    """A note below a table: languages whose teachers' students have learned from sets of different sizes."""
    langs = dict.fromkeys(lang for _, _, lang in context.sizes)
    spans = {(recipe, lang): size_span(context, recipe, lang) for recipe in recipes for lang in langs}
    named = [
        f"{context.language(lang).removesuffix(f' {FLAG}')}{f', {recipe}' if len(recipes) > 1 else ''}: {span}"
        for (recipe, lang), span in spans.items()
        if span
    ]
    shown = "; ".join(named[:6]) + (f"; and {len(named) - 6} more" if len(named) > 6 else "")
    return [
        f"Training sets differ by more than {UNEQUAL:.0%} between teachers ({shown} examples): there a score mixes how much "
        "usable data a teacher gives with how good they are (see `synthesis.shortfall`)."
    ] * bool(named)


def hole_notes(context: Context, holes: pd.DataFrame | None) -> list[str]:
    """Notes below a table: cells without a measurement, and the reasons."""
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
    return [f"{HOLE}: no measurement. {'; '.join(named)}. A teacher with a missing cell has no average and no rank."]


def hole_line(context: Context, frame: pd.DataFrame | None = None, column: str = "", holes: pd.DataFrame | None = None) -> str:
    """A line below a figure: cells without a measurement, with known reasons; long lists are truncated.

    Args:
        frame: cells (base, recipe, teacher, lang), those without a value in `column` are also listed.

    Returns:
        The line; empty if all cells have a measurement.
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


NAMES = {
    "prompt_tokens": "prompt length",
    "response_tokens": "response length",
    "log_prompt_tokens": "prompt length (log)",
    "log_response_tokens": "response length (log)",
    "intrinsic": "intrinsic score",
    "intrinsic_published": "intrinsic score with mean perplexity",
    "perplexity_corpus": "perplexity, corpus",
    "perplexity_median": "perplexity, median",
    "log_perplexity_corpus": "perplexity, corpus (log)",
    "log_perplexity_median": "perplexity, median (log)",
    "student_score": "student's score",
    "gain": "gain",
    "pgr_released": "PGR (released)",
    "pgr_paper": "PGR (paper)",
    "pg_released": "PG (released)",
    "pg_paper": "PG (paper)",
    "pg_signsafe": "PG (signsafe)",
}


def quantity(name: str, metrics: Sequence[Metric] = STANDARD) -> str:
    """The display name of a measured quantity."""
    titles = {metric.analysed: f"{metric.title} (log)" if metric.logged else metric.title for metric in metrics}
    titles |= {metric.name: metric.title for metric in metrics}
    return NAMES.get(name) or titles.get(name) or str(name).replace("_", " ")


def lower_is_better(metrics: Sequence[Metric]) -> str:
    """The titles of lower-is-better metrics."""
    return ", ".join(metric.title for metric in metrics if metric.better == "lower")


HELD_OUT = {"languages": "a language", "benchmarks": "a benchmark", "both": "a language and a benchmark"}
"""What a choice of teacher was made without (`polyglot.analysis.generalisation`)."""
NOTHING = "No choice can be judged: it takes two teachers with students, and a second language or benchmark."
CHOOSING = {
    "pg": "PG-Score",
    "gain": "students' gain",
    "intrinsic": "intrinsic score",
    "size": "size",
    "ability": "own benchmark score",
    "random": "chance",
}
"""What a teacher is chosen by."""
OUTCOMES = {"gain": "the students' gain", "right": "the share of right pairs"}
"""What scores without training are to predict (`polyglot.analysis.predictors`)."""


def predictor(name: str, metrics: Sequence[Metric] = STANDARD) -> str:
    """The display name of a score without training; of three measures of perplexity, each is told which it is."""
    from polyglot.intrinsic.gradients import GRADIENT_METRICS

    return "perplexity, mean" if name == "perplexity" else quantity(name, (*metrics, *GRADIENT_METRICS))
