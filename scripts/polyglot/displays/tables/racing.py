"""Table of a race of teachers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, share
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import row_dicts

ENDS = {
    "one left": "one teacher was left",
    "regret": "the expected regret was as small as was asked",
    "trainings": "the trainings were used up",
}
"""Why a race ended (`polyglot.scoring.racing.End`)."""
FEW, EQUAL = 4, 0.5
"""With fewer teachers, or a larger share of them left at the end, a race saves hardly anything."""


def race(context: Context, rungs: pd.DataFrame) -> Table:
    """Every teacher at the end of the race, best first, with when and why it was dropped; the rungs below."""
    last = rungs[rungs["rung"] == rungs["rung"].max()].sort_values("best", ascending=False, kind="stable")
    rows = [
        {
            "teacher": context.model(row["teacher"]),
            "state": row["state"],
            "trainings": count(row["trainings"]),
            "score": number(row["score"], 3),
            "P(best)": share(row["best"]),
            "below the best": number(row["gap"], 4),
            **_earlier(row),
            "why": row["reason"] if isinstance(row["reason"], str) and row["reason"] else UNKNOWN,
        }
        for row in row_dicts(last)
    ]
    return Table(rungs, pd.DataFrame(rows), context.title, _notes(context, rungs, last), [_rungs(context, rungs)])


def _notes(context: Context, rungs: pd.DataFrame, last: pd.DataFrame) -> list[str]:
    """The verdict, what it took, what one more rung would need, and whether the race was worth it."""
    end, most = last.iloc[0], int(rungs["most"].iloc[0])
    leads = last["state"] == "leads"
    leader = context.model(str(last.loc[leads, "teacher"].iloc[0]))
    called = "clearly the best" if end["clear"] else "the choice, but not clearly the best"
    trained, crossed = int((last["trainings"] * last["languages"]).sum()), int(last["languages"].sum()) * most
    notes = [
        f"**{leader}** is {called}: P(best) {share(last.loc[leads, 'best'].iloc[0])}. Expected regret: "
        f"{number(end['regret'], 4)} in mean benchmark score. It ended after rung {end['rung']}: {ENDS[end['end']]}.",
        f"Students: {trained}, where {most} trainings of every teacher would be {crossed}. The data were drawn once: what "
        "another draw would change is assumed (`plan.draw_spread`), and further trainings do not make it smaller.",
    ]
    if "worth" in last:
        notes.append(
            "Earlier studies (`race.learn_from`): what they say of a teacher beside the others, with its standard deviation. It "
            f"counts as {number(last['worth'].max(), 1)} trainings of a teacher. How far a teacher differs between studies is "
            f"learned from them and from this race: by {number(last['between_studies'].max(), 4)}."
        )
    left = int(last["state"].isin(["leads", "stays"]).sum())
    if left > 1:
        notes.append(f"One more training of the {left} teachers left would be {left * int(last['languages'].max())} students.")
    if len(last) < FEW or left > EQUAL * len(last):
        notes.append("A race saves little here: there are few teachers, or most of them are about equally good.")
    return notes


def _earlier(row: dict[str, Any]) -> dict[str, str]:
    """What earlier studies say of a teacher; nothing where the race learns from none."""
    if "earlier" not in row:
        return {}
    said = pd.notna(row["earlier"])
    return {"by earlier studies": f"{number(row['earlier'], 4, sign=True)} ± {number(row['earlier_sd'], 4)}" if said else UNKNOWN}


def _rungs(context: Context, rungs: pd.DataFrame) -> Table:
    """Who was left after every rung, and the expected regret of the choice then."""
    rows = []
    for rung, found in rungs.groupby("rung"):
        left = found.loc[found["state"].isin(["leads", "stays"]), "teacher"]
        row = {"after rung": count(float(str(rung))), "in the race": ", ".join(context.model(name) for name in left)}
        row["students so far"] = count(int((found["trainings"] * found["languages"]).sum()))
        rows.append(row | {"expected regret": number(found["regret"].iloc[0], 4)})
    return Table(rungs, pd.DataFrame(rows), "The rungs")
