"""The table of a race: verdict, reasons and rungs."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.tables.racing import race
from tests.simulated import values

CONTEXT = Context.of(values(["good", "fair", "poor"], ["base"], ["equal"], 1, "signsafe"))


def test_a_race_says_who_was_dropped_why_and_what_one_more_rung_takes() -> None:
    first = {"rung": 1, "since": 1, "languages": 2, "regret": 0.004, "clear": False, "end": "", "reason": "", "trainings": 1}
    rows = [
        first | {"teacher": "good", "state": "leads", "score": 0.6, "best": 0.5, "gap": 0.004},
        first | {"teacher": "fair", "state": "stays", "score": 0.59, "best": 0.48, "gap": 0.005},
        first | {"teacher": "poor", "state": "dropped", "score": 0.5, "best": 0.02, "gap": 0.1, "reason": "too far behind"},
    ]
    later = [row | {"rung": 2, "end": "trainings", "regret": 0.002, "trainings": 2 - (row["teacher"] == "poor")} for row in rows]
    made = race(CONTEXT, pd.DataFrame(rows + later).assign(most=2))
    told = " ".join(made.notes)
    assert list(made.shown["why"]) == ["–", "–", "too far behind"]
    assert "not clearly the best: P(best) 50%. Expected regret: 0.0020" in told
    assert "Students: 10, where 2 trainings of every teacher would be 12." in told
    assert "One more training of the 2 teachers left would be 4 students." in told
    assert "A race saves little here" in told
    assert list(made.more[0].shown["students so far"]) == ["6", "10"]


def test_a_race_by_language_says_what_was_chosen_in_each_and_why_it_ended() -> None:
    same = {"since": 1, "trainings": 1, "languages": 1, "score": 0.6, "gap": 0.004, "reason": "", "clear": False, "regret": 0.003}
    de, fr = same | {"lang": "de"}, same | {"lang": "fr", "regret": 0.0, "clear": True}
    found = [
        de | {"rung": 1, "teacher": "good", "state": "leads", "best": 0.6, "end": ""},
        de | {"rung": 1, "teacher": "fair", "state": "stays", "best": 0.4, "end": ""},
        fr | {"rung": 1, "teacher": "fair", "state": "leads", "best": 0.99, "end": "one left"},
        fr | {"rung": 1, "teacher": "good", "state": "dropped", "best": 0.01, "end": "one left", "reason": "too far behind"},
    ]
    later = [row | {"rung": 2, "end": row["end"] or "budget", "trainings": 1 + (row["lang"] == "de")} for row in found]
    made = race(CONTEXT, pd.DataFrame(found + later).assign(most=3, gpu_hours=12.5))
    assert list(made.shown["language"]) == [CONTEXT.language(lang) for lang in ("de", "de", "fr", "fr")]
    assert list(made.shown["teacher"]) == [CONTEXT.model(name) for name in ("good", "fair", "fair", "good")]
    choices, rungs = made.more
    assert list(choices.shown["choice"]) == [CONTEXT.model("good"), CONTEXT.model("fair")]
    assert list(choices.shown["clear"]) == ["no", "yes"]
    assert list(choices.shown["ended"]) == [
        "after rung 2: the next rung would have taken more than the budget",
        "after rung 1: one teacher was left",
    ]
    assert list(rungs.shown["students so far"]) == ["2", "2", "4", "2"]
    told = " ".join(made.notes)
    assert "Students: 6, where 3 trainings of every teacher would be 12." in told
    assert "12.5 GPU hours" in told
    assert "One more training of the 2 teachers left, each in its languages, would be 2 students." in told


def test_a_race_with_small_sets_says_how_many_and_how_far_they_told() -> None:
    same = {"since": 0, "languages": 2, "regret": 0.004, "clear": False, "reason": "", "gap": 0.004, "small_students": 2}
    none = {"correlation": None, "correlation_low": None, "correlation_high": None, "pairs": 0}
    start = same | none | {"rung": 0, "trainings": 0, "score": None, "end": ""}
    zeroth = [
        start | {"teacher": "good", "state": "leads", "best": 0.5, "small_score": 0.55},
        start | {"teacher": "fair", "state": "stays", "best": 0.48, "small_score": 0.54},
        start | {"teacher": "poor", "state": "dropped", "best": 0.02, "small_score": 0.4, "reason": "too far behind"},
    ]
    seen = {"correlation": 0.81, "correlation_low": 0.4, "correlation_high": 0.98, "pairs": 4, "rung": 1, "end": "trainings"}
    full = {"since": 1, "trainings": 1, "score": 0.6}
    first = [row | seen | (full if row["teacher"] != "poor" else {}) for row in zeroth]
    made = race(CONTEXT, pd.DataFrame(zeroth + first).assign(most=1))
    told = " ".join(made.notes)
    assert "Rung 0 trained everyone on a small set: 6 students, not counted above." in told
    assert "small and in full sets: 0.81 (90 % interval 0.4 to 1.0), from 4 pairs of students" in told
    assert "Students: 4, where 1 trainings of every teacher would be 6." in told
    assert list(made.more[0].shown["students so far"]) == ["0", "4"]
    assert dict(zip(made.shown["teacher"], made.shown["score"], strict=True))[CONTEXT.model("poor")] == "–"
    unknown = pd.DataFrame(zeroth + [row | none for row in first]).assign(most=1)
    assert "their correlation was not measured" in " ".join(race(CONTEXT, unknown).notes)
