"""The rungs of a race: from outcomes of students so far to who is trained again, with reasons; one table a rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed
from polyglot.scoring.outcomes import align_outcomes, paired_se
from polyglot.scoring.race_posterior import Known, Noise, learned_noise
from polyglot.scoring.race_prior import earlier_of, with_earlier
from polyglot.scoring.racing import Standing, Teachers, Terms, ended, standing, survivors

LEADS, STAYS, DROPPED, ABSENT = "leads", "stays", "dropped", "no student"
"""States of a teacher after a rung."""
COLUMNS = (
    "rung",
    "teacher",
    "state",
    "since",
    "trainings",
    "languages",
    "score",
    "best",
    "gap",
    "regret",
    "clear",
    "end",
    "reason",
)
KEPT = 0.2
"""Assumed share of the items' variance between teachers' students that all students of one teacher have."""
DF_OF_BELIEF = 10.0
"""Degrees of freedom that the assumed variance between trainings counts as; performance/race.py takes the same."""

Students = Mapping[tuple[str, str], Sequence[pd.DataFrame]]
"""(teacher, language) to the outcomes of its students so far, by training; an empty frame: it could not be trained."""


@dataclass(frozen=True)
class Beliefs:
    """Assumed standard deviations between draws of data and between trainings (`plan.draw_spread`, `plan.training_spread`); and
    what earlier studies say of the teachers, as from `polyglot.analysis.earlier.said_of_teachers`."""

    draw: float
    training: float
    earlier: pd.DataFrame | None = None


def rung_table(students: Students, before: pd.DataFrame | None, terms: Terms, beliefs: Beliefs, seed: int) -> pd.DataFrame:
    """What is known after a rung, and who goes on.

    Args:
        students: every student so far, also those of dropped teachers, paired by item.
        before: the table of the rung before; None for the first.

    Returns:
        One row per teacher: rung; teacher; state (see `LEADS`); since (the rung of its last training); trainings; languages (with
        a student); score (mean over its languages and trainings); best (P(best on average over languages)); gap (expected score
        below the best); regret (expected, of choosing the leader), clear (whether it is clearly the best) and end (why the race
        is over, empty if it goes on), the same in every row; reason; with earlier studies what they say (`race_prior.COLUMNS`).

    Raises:
        ValueError: if no language has students of two teachers.
    """
    rung = 1 if before is None else int(before["rung"].iloc[0]) + 1
    teachers = list(dict.fromkeys(teacher for teacher, _ in students))
    single, langs = _scores(students, teachers)
    count = np.isfinite(single).sum(axis=-1)
    means = np.where(count > 0, np.nansum(single, axis=-1) / np.maximum(count, 1), np.nan)
    there = count.sum(axis=-1) > 0
    alive = (
        there if before is None else there & before.set_index("teacher").loc[teachers, "state"].isin([LEADS, STAYS]).to_numpy()
    )
    noise = learned_noise(_believed(students, langs, beliefs), single, DF_OF_BELIEF)
    rng = np.random.default_rng(stable_seed("race", rung, seed))
    known = Known(means[there], count[there], noise, earlier_of(beliefs.earlier, np.array(teachers)[there]))
    found = _among(there, standing(known, alive[there], rng))
    stay = survivors(found, alive, terms)
    over = ended(found, stay, terms, rung)
    rows = [
        {
            "rung": rung,
            "teacher": teacher,
            "trainings": int(count[place].max()),
            "languages": int((count[place] > 0).sum()),
            "score": float(np.nanmean(means[place])) if there[place] else np.nan,
            "best": float(found.best[place]),
            "gap": float(found.gap[place]),
            "regret": float(found.regret),
            "clear": bool(found.clear),
            "end": over,
            **_state(place, there, alive, stay, found, terms, rung),
        }
        for place, teacher in enumerate(teachers)
    ]
    table = with_earlier(pd.DataFrame(rows, columns=list(COLUMNS)), known, there)
    return table if before is None else _keep_reasons(table, before)


def again(table: pd.DataFrame) -> list[str]:
    """The teachers that are trained again after a rung; none where the race is over."""
    if str(table["end"].fillna("").iloc[0]):
        return []
    return [str(name) for name in table.loc[table["state"].isin([LEADS, STAYS]), "teacher"]]


def _among(there: Teachers, found: Standing) -> Standing:
    """A standing of the teachers that have students, as one of all."""
    best, gap = np.zeros(len(there)), np.full(len(there), np.nan)
    best[there], gap[there] = found.best, found.gap
    return Standing(best, gap, np.flatnonzero(there)[found.leader])


def _state(
    place: int, there: Teachers, alive: Teachers, stay: Teachers, found: Standing, terms: Terms, rung: int
) -> dict[str, Any]:
    """State, rung of the last training and reason of a teacher that was in the race until this rung."""
    if not there[place]:
        return {"state": ABSENT, "since": rung, "reason": "no student could be trained on its data"}
    if place == int(found.leader):
        return {"state": LEADS, "since": rung, "reason": ""}
    if stay[place]:
        return {"state": STAYS, "since": rung, "reason": ""}
    reason = f"dropped after rung {rung}: P(best) {found.best[place]:.3f} is below {terms.least:g}" if alive[place] else ""
    return {"state": DROPPED, "since": rung, "reason": reason}


def _keep_reasons(table: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The table with what was said of teachers when they were dropped."""
    earlier = before.set_index("teacher")
    gone = table["teacher"].map(earlier["state"]).isin([DROPPED, ABSENT])
    for column in ("state", "since", "reason"):
        table[column] = table[column].where(~gone, table["teacher"].map(earlier[column]))
    return table


def _scores(students: Students, teachers: Sequence[str]) -> tuple[Array, list[str]]:
    """Mean scores over benchmarks of single students, (teachers, languages, trainings), missing where none is; the languages."""
    langs = [lang for lang in dict.fromkeys(lang for _, lang in students) if len(_first(students, lang)) > 1]
    if not langs:
        raise WrongInput("a race needs a language in which two teachers have students; see the holes of the experiment")
    most = max(len(frames) for frames in students.values())
    scores = np.full((len(teachers), len(langs), most), np.nan)
    for (teacher, lang), frames in students.items():
        for training, frame in enumerate(frames):
            if lang in langs and len(frame):
                weighted = (frame["weight"] * frame["correct"]).groupby(frame["benchmark"]).sum()
                scores[teachers.index(teacher), langs.index(lang), training] = weighted.mean()
    return scores, langs


def _first(students: Students, lang: str) -> dict[str, pd.DataFrame]:
    """Outcomes of every teacher's first student in a language."""
    return {teacher: frames[0] for (teacher, own), frames in students.items() if own == lang and len(frames[0])}


def _believed(students: Students, langs: Sequence[str], beliefs: Beliefs) -> Noise:
    """The noise before anything is trained again: items from the answers of teachers' students, the rest assumed."""
    items = np.array([_items_apart(_first(students, lang)) for lang in langs])
    return Noise(KEPT * items + beliefs.draw**2, (1 - KEPT) * items + beliefs.training**2)


def _items_apart(frames: Mapping[str, pd.DataFrame]) -> float:
    """Variance over items of a student's mean score beyond what the students of all teachers share, from their first students."""
    benchmarks = sorted(next(iter(frames.values()))["benchmark"].unique())
    total = 0.0
    for benchmark in benchmarks:
        items, correct = align_outcomes({name: frame[frame["benchmark"] == benchmark] for name, frame in frames.items()})
        apart = correct.sub(correct.mean(axis=1), axis=0)
        own = np.mean([paired_se(items, apart[name].to_numpy()) ** 2 for name in apart])
        total += float(own) * len(frames) / (len(frames) - 1)
    return total / len(benchmarks) ** 2
