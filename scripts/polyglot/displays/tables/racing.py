"""Table of a race of teachers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, share
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import row_dicts
from polyglot.study.races import FEW

ENDS = {
    "one left": "one teacher was left",
    "regret": "the expected regret was as small as was asked",
    "trainings": "the trainings were used up",
    "budget": "the next rung would have taken more than the budget",
    "no student": "no teacher has a student",
}
"""Why a race ended (`polyglot.scoring.racing.End`)."""
EQUAL = 0.5
"""With a larger share of the teachers left at the end, a race saves hardly anything."""


def race(context: Context, rungs: pd.DataFrame) -> Table:
    """Every teacher at the end of the race, best first, with when and why it was dropped, in a race by language in each; below,
    the choices of languages and the rungs."""
    rungs = rungs.assign(lang=rungs["lang"].fillna("") if "lang" in rungs else "")
    last = rungs[rungs["rung"] == rungs["rung"].max()]
    order = {lang: place for place, lang in enumerate(last["lang"].unique())}
    last = last.sort_values(["lang", "best"], ascending=[True, False], key=_in_order(order), kind="stable")
    rows = [
        _language(context, row)
        | {
            "teacher": context.model(row["teacher"]),
            "state": row["state"],
            "trainings": count(row["trainings"]),
            **({"score, small set": number(row["small_score"], 3)} if "small_score" in row else {}),
            "score": number(row["score"], 3),
            "P(best)": share(row["best"]),
            "below the best": number(row["gap"], 4),
            **_earlier(row),
            "why": row["reason"] if isinstance(row["reason"], str) and row["reason"] else UNKNOWN,
        }
        for row in row_dicts(last)
    ]
    more = [_rungs(context, rungs)]
    if "" not in order:
        more.insert(0, _choices(context, rungs, last))
    return Table(rungs, pd.DataFrame(rows), context.title, _notes(context, rungs, last), more)


def _in_order(order: dict[str, int]) -> Any:
    """A sort key: languages as they come, other columns as they are."""
    return lambda column: column.map(order) if column.name == "lang" else column


def _language(context: Context, row: dict[str, Any]) -> dict[str, str]:
    """A row's language; none where the choice is on average over languages."""
    return {"language": context.language(row["lang"])} if row["lang"] else {}


def _notes(context: Context, rungs: pd.DataFrame, last: pd.DataFrame) -> list[str]:
    """The verdict, what it took, what one more rung would need, and whether the race was worth it."""
    most = int(rungs["most"].iloc[0])
    trained, crossed = int((last["trainings"] * last["languages"]).sum()), int(last["languages"].sum()) * most
    took = ""
    if "gpu_hours" in last and last["gpu_hours"].iloc[0] > 0:
        took = f" By the plan's assumptions they take {number(last['gpu_hours'].iloc[0], 1)} GPU hours with their evaluations."
    notes = [
        f"Students: {trained}, where {most} trainings of every teacher would be {crossed}.{took} The data were drawn once: what "
        "another draw would change is assumed (`plan.draw_spread`), and further trainings do not make it smaller.",
    ]
    if "worth" in last:
        notes.append(
            "Earlier studies (`race.learn_from`): what they say of a teacher beside the others, with its standard deviation. It "
            f"counts as {number(last['worth'].max(), 1)} trainings of a teacher. How far a teacher differs between studies is "
            f"learned from them and from this race: by {number(last['between_studies'].max(), 4)}."
        )
    if "correlation" in last:
        notes.append(_of_small(last))
    if last["lang"].eq("").all():
        notes.insert(0, _verdict(context, last))
    inside = last[last["state"].isin(["leads", "stays"])]
    left = inside[inside["lang"].map(inside.groupby("lang").size()) > 1]
    if len(left):
        who = f"the {left['teacher'].nunique()} teachers left" + ("" if left["lang"].eq("").all() else ", each in its languages,")
        notes.append(f"One more training of {who} would be {int(left['languages'].sum())} students.")
    if last["teacher"].nunique() < FEW or len(left) > EQUAL * len(last):
        notes.append("A race saves little here: there are few teachers, or most of them are about equally good.")
    return notes


def _of_small(last: pd.DataFrame) -> str:
    """How far small sets told of full ones, as measured."""
    one = last.dropna(subset=["correlation"]).head(1)
    told = "No teacher has students of both a small and a full set, so their correlation was not measured."
    if len(one):
        low, high = (number(one[end].iloc[0], 1) for end in ("correlation_low", "correlation_high"))
        told = (
            f"Measured correlation of what teachers are in small and in full sets: {number(one['correlation'].iloc[0], 2)} (90 % "
            f"interval {low} to {high}), from {int(one['pairs'].iloc[0])} pairs of students. The race believed "
            "`race.small_correlation`."
        )
    return f"Rung 0 trained everyone on a small set: {int(last['small_students'].sum())} students, not counted above. {told}"


def _verdict(context: Context, last: pd.DataFrame) -> str:
    """The choice on average over languages."""
    leader = last[last["state"] == "leads"].iloc[0]
    called = "clearly the best" if leader["clear"] else "the choice, but not clearly the best"
    return (
        f"**{context.model(leader['teacher'])}** is {called}: P(best) {share(leader['best'])}. Expected regret: "
        f"{number(leader['regret'], 4)} in mean benchmark score. It ended after rung {leader['rung']}: {ENDS[leader['end']]}."
    )


def _choices(context: Context, rungs: pd.DataFrame, last: pd.DataFrame) -> Table:
    """The choice in each language, and when and why its race ended."""
    ends = rungs[rungs["end"].fillna("") != ""].groupby("lang")["rung"].min()
    rows = []
    for lang, found in last.groupby("lang", sort=False):
        leader = found[found["state"] == "leads"].head(1)
        row = {"language": context.language(str(lang)), "choice": UNKNOWN, "P(best)": UNKNOWN, "clear": UNKNOWN}
        if len(leader):
            one = leader.iloc[0]
            row |= {
                "choice": context.model(one["teacher"]),
                "P(best)": share(one["best"]),
                "clear": "yes" if one["clear"] else "no",
            }
        row["expected regret"] = number(found["regret"].iloc[0], 4)
        rows.append(row | {"ended": f"after rung {ends[lang]}: {ENDS[str(found['end'].iloc[0])]}"})
    return Table(rungs, pd.DataFrame(rows), "The choices")


def _earlier(row: dict[str, Any]) -> dict[str, str]:
    """What earlier studies say of a teacher; nothing where the race learns from none."""
    if "earlier" not in row:
        return {}
    said = pd.notna(row["earlier"])
    return {"by earlier studies": f"{number(row['earlier'], 4, sign=True)} ± {number(row['earlier_sd'], 4)}" if said else UNKNOWN}


def _rungs(context: Context, rungs: pd.DataFrame) -> Table:
    """Who was left after every rung, and the expected regret of the choice then."""
    rows = []
    for (rung, _), found in rungs.groupby(["rung", "lang"], sort=False):
        left = found.loc[found["state"].isin(["leads", "stays"]), "teacher"]
        row = {"after rung": count(float(str(rung)))} | _language(context, row_dicts(found)[0])
        row["in the race"] = ", ".join(context.model(name) for name in left) or UNKNOWN
        row["students so far"] = count(int((found["trainings"] * found["languages"]).sum()))
        rows.append(row | {"expected regret": number(found["regret"].iloc[0], 4)})
    return Table(rungs, pd.DataFrame(rows), "The rungs")
