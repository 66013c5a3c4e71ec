"""Tables of what a race takes: before it starts, and by rung, with what one more would bring."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, share, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import row_dicts

CASES = {
    "first rung": "first rung: everyone once",
    "expected": "expected",
    "without small sets": "expected without small sets",
    "at most": "at most: everyone, all trainings",
    "full study": "full study, as many draws",
}
"""`polyglot.planning.racing`."""


def plan_race(context: Context, races: pd.DataFrame) -> Table:
    """Every race at first, as expected and at most, beside the full study with as many students."""
    rows, small = [], set(races.loc[races["case"] == "without small sets", "experiment"])
    for row in row_dicts(races):
        first = row["case"] == "first rung" and row["experiment"] in small
        full = races[(races["experiment"] == row["experiment"]) & (races["case"] == "full study")].iloc[0]
        by = "gpu_hours" if full["gpu_hours"] else "usd" if full["usd"] else "students"
        rows.append(
            {
                "race": row["experiment"],
                "case": "rung 0: everyone on a small set" if first else CASES[row["case"]],
                "trainings of a teacher": number(row["trainings"], 1),
                "students": number(row["students"], 0),
                "engine starts": number(row["engine_starts"], 0),
                "GPU hours": significant(row["gpu_hours"]) if row["gpu_hours"] else UNKNOWN,
                "USD": significant(row["usd"]) if row["usd"] else UNKNOWN,
                "of the full study": share(row[by] / full[by]),
                "expected regret": number(row["regret"], 4),
                "ends clear": share(row["clear"]),
            }
        )
    notes = [
        "A race draws the data once; the full study draws them anew for every student. Both are counted without measuring the "
        "data. The other tables of the plan count `snakemake`, and a race there with its first rung.",
        "Expected: by simulated races. Teachers differ by `plan.teacher_spread` and `plan.language_spread`, draws and trainings "
        "by `plan.draw_spread` and `plan.training_spread`. Teachers that differ more are told apart sooner.",
        *(["Small sets are assumed to tell of full ones as `race.small_correlation` and `race.small_effect` say."] * bool(small)),
        *(f"**{name}** is not worth it: {said}." for name, said in _said(races)),
    ]
    return Table(races, pd.DataFrame(rows), context.title, notes)


def _said(races: pd.DataFrame) -> list[tuple[str, str]]:
    told = races[races["said"].fillna("") != ""]
    return list(dict.fromkeys(zip(told["experiment"].map(str), told["said"].map(str), strict=True)))


def race_cost(context: Context, rungs: pd.DataFrame) -> Table:
    """What every rung took and brought, and what one more would, beside everyone's trainings."""
    last = rungs[rungs["rung"] == rungs["rung"].max()]
    crossed = int(last["languages"].sum()) * int(rungs["most"].iloc[0])
    named = {0: "after rung 0: small sets"}
    spent = [
        (named.get(int(str(rung)), f"after rung {rung}"), _students(found), _regret(found, "regret"))
        for rung, found in rungs.groupby("rung")
    ]
    left = last[last["state"].isin(["leads", "stays"])]
    if len(left) > 1:
        more = spent[-1][1] + int(left["languages"].sum())
        spent.append(("after one more (not run)", more, _regret(last, "more")))
    rows, before = [], (0, float("nan"))
    for when, students, regret in spent:
        less = before[1] - regret
        rows.append(
            {
                "when": when,
                "students": count(students),
                "of everyone's trainings": share(students / crossed),
                "expected regret": number(regret, 4),
                "less than before": number(less, 4),
                "for each 10 students": number(10 * less / max(1, students - before[0]), 4),
            }
        )
        before = students, regret
    notes = [
        f"Everyone's trainings: {crossed} students. The full study would draw the data anew for each training, too; "
        "`snakemake plan` has the GPU hours and the money of both.",
        "The expected regret falls on average: a rung that brings a surprise can raise it. Nothing that is still to be learned "
        "can bring more than the expected regret after the last rung.",
        *(["Students of small sets are not counted."] if "small_students" in rungs else []),
        *dict.fromkeys(doubt for doubt in rungs.get("doubt", pd.Series(dtype=str)).fillna("") if doubt),
    ]
    return Table(rungs, pd.DataFrame(rows), context.title, notes)


def _students(found: pd.DataFrame) -> int:
    return int((found["trainings"] * found["languages"]).sum())


def _regret(found: pd.DataFrame, column: str) -> float:
    """Expected regret, on average over the choices of a race."""
    return float(found[column].mean())
