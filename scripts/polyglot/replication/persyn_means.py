"""PerSyn's published means (arXiv 2510.10925, table 2) beside those of a study's students: a claim for each student and rival."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.routing.strategies import PERSYN, STRATEGIES
from polyglot.routing.teachers import parse_routed
from polyglot.scoring.metric_tables import read_table

FILE = "config/published/persyn/means.csv"
KEYS = ["student", "strategy"]
SURE = 1.96
"""Standard errors from zero that tell two means apart (95 %, both sides)."""
HOLDS, FAILS, UNCLEAR, UNKNOWN = "holds", "does not hold", "not told apart", "not measured"


def published_means(root: Path) -> pd.DataFrame:
    """The published means: student, strategy, published (percent, over six tasks).

    Raises:
        WrongInput: a missing file, text in a number or a repeated row (names file, row and column).
    """
    return read_table(Path(root) / FILE, KEYS, ["mean"]).rename(columns={"mean": "published"})


def own_means(evaluations: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Means of routed students over the tasks of one study or several.

    Args:
        evaluations: of experiments that compare routed teachers: benchmark, lang, base, model (`persyn`, `car-for-BASE`, ...),
            score (0 to 1), se (of the score, over items). A student in two studies has the tasks of both.

    Returns:
        student, strategy, mean and se (percent; items of different tasks are independent), tasks.

    Raises:
        WrongInput: if strategies of a student were measured on different tasks (names them).
    """
    frames = []
    for frame in evaluations:
        routed = [parse_routed(str(name), str(base)) for name, base in zip(frame["model"], frame["base"], strict=True)]
        known = frame.assign(student=frame["base"], strategy=[one.strategy if one else "" for one in routed])
        frames.append(known[known["strategy"] != ""])
    found = pd.concat(frames, ignore_index=True).drop_duplicates([*KEYS, "benchmark", "lang"])
    for student, rows in found.groupby("student"):
        sets: list[set[str]] = [set(one["benchmark"] + " in " + one["lang"]) for _, one in rows.groupby("strategy")]
        if any(one != sets[0] for one in sets):
            differing = sorted(set().union(*sets) - sets[0].intersection(*sets))
            raise WrongInput(f"students of '{student}' were not all measured on {', '.join(differing)}: finish the studies first")
    groups = found.groupby(KEYS, sort=False)
    errors = groups["se"].apply(lambda se: float(np.sqrt((se**2).sum())) / len(se))
    means = pd.DataFrame({"mean": 100 * groups["score"].mean(), "se": 100 * errors, "tasks": groups.size()})
    return means.reset_index()


def beside(published: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Every mean, published or measured: student, strategy, published, mean, se, tasks. Strategies stand in their usual order."""
    order = {name: place for place, name in enumerate(STRATEGIES)}
    students = {name: place for place, name in enumerate(dict.fromkeys([*published["student"], *own["student"]]))}
    found = published.merge(own, on=KEYS, how="outer")
    places = found.assign(student=found["student"].map(students), strategy=found["strategy"].map(order))
    return found.loc[places.sort_values(KEYS).index].reset_index(drop=True)


def claims(means: pd.DataFrame) -> pd.DataFrame:
    """The claim that PerSyn's student is better than each rival's, as published and as measured.

    Args:
        means: see `beside`.

    Returns:
        student, rival, published (difference in points), difference and se (measured, as if the two students' answers were
        independent, so rather too large), verdict.
    """
    rows = []
    for student, group in means.groupby("student", sort=False):
        by = group.set_index("strategy")
        for rival in by.index.drop(PERSYN.name, errors="ignore"):
            if PERSYN.name not in by.index:
                break
            ours, theirs = by.loc[PERSYN.name], by.loc[rival]
            difference, se = ours["mean"] - theirs["mean"], float(np.hypot(ours["se"], theirs["se"]))
            row = {"student": student, "rival": rival, "published": ours["published"] - theirs["published"]}
            rows.append(row | {"difference": difference, "se": se, "verdict": _verdict(difference, se)})
    return pd.DataFrame(rows, columns=["student", "rival", "published", "difference", "se", "verdict"])


def _verdict(difference: float, se: float) -> str:
    if np.isnan(difference):
        return UNKNOWN
    if abs(difference) <= SURE * se:
        return UNCLEAR
    return HOLDS if difference > 0 else FAILS
