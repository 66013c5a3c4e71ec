"""Table of held-out languages and benchmarks."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, share, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import ordered, row_dicts
from polyglot.displays.words import CHOOSING, HELD_OUT, NOTHING, hole_notes


def generalisation(context: Context, rules: pd.DataFrame, folds: pd.DataFrame, holes: pd.DataFrame | None = None) -> Table:
    """Regret, advantage over a random choice, and rank correlation of every way to choose a teacher; the choices below."""
    rows = [
        {
            "held out": HELD_OUT[row["transfer"]],
            "teacher chosen by": CHOOSING[row["rule"]],
            "regret": with_interval(row["regret"], row["regret_low"], row["regret_high"], 3),
            "more than at random": with_interval(row["advantage"], row["advantage_low"], row["advantage_high"], 3, sign=True),
            "chooses the best": share(row["best"]),
            "rank correlation": with_interval(row["rho"], row["rho_low"], row["rho_high"], 2),
            "choices": count(row["folds"]),
        }
        for row in row_dicts(rules)
    ]
    if rules.empty:
        return Table(rules, pd.DataFrame(), context.title, [NOTHING, *hole_notes(context, holes)])
    teachers = ordered(folds["teacher"], context.teachers)
    notes = [
        "Regret: the gain (mean score of students minus that of their base) that the best teacher would have had more, where the "
        "choice was not made. The best teacher is taken from the same scores, so the regret is too high where teachers are "
        "close, for every way to choose alike. The gain over a random teacher has no such bias.",
        f"Brackets: {context.confidence:.0%} bootstrap intervals over the held-out items and seeds, for the choices that were "
        "made. They say nothing about other languages or benchmarks. Rank correlation: Spearman's, within each choice.",
        f"Number of teachers: {len(teachers)}. PG-Score: *{context.definition}*, from the languages and benchmarks of the choice "
        "alone. Of teachers with equal scores each is chosen alike.",
    ]
    unknown = [CHOOSING[name] for name in dict.fromkeys(rules.loc[rules["folds"] == 0, "rule"])]
    notes += [f"{UNKNOWN}: not known for any teacher: {', '.join(unknown)}."] if unknown else []
    return Table(rules, pd.DataFrame(rows), context.title, [*notes, *hole_notes(context, holes)], [_choices(context, folds)])


def _choices(context: Context, folds: pd.DataFrame) -> Table:
    """Who is chosen in every fold, and who would have been the best."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    known = folds.fillna({"lang": "", "benchmark": ""})
    for place, choice in known.groupby(["transfer", "lang", "benchmark", "rule"], sort=False):
        transfer, lang, benchmark, rule = map(str, place)
        best = row_dicts(choice.nlargest(1, "gain"))[0]
        where = " ".join(filter(None, [context.language(lang) if lang else "", benchmark]))
        named = {"of": HELD_OUT[transfer], "held out": where}
        named["best"] = f"{context.model(best['teacher'])} ({number(best['gain'], 3, sign=True)})"
        row = rows.setdefault((transfer, lang, benchmark), named)
        taken = choice[choice["chosen"] > 0]["teacher"]
        every = "any" if len(taken) == len(choice) else ""
        row[CHOOSING[rule]] = every or ", ".join(context.model(name) for name in taken) or UNKNOWN
    return Table(
        folds, pd.DataFrame(list(rows.values())), "The teacher that each would have chosen, and the best there with its gain"
    )
