"""The choice: the leader by language, something better only where it was shown, and what overrules the study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame, write_csv
from polyglot.publishing.choice import Alternative, Verdict, as_json, better, choose, of_ranking, of_recommendation
from polyglot.study.build import Build

SAME = {"equal": "equal", "equal-150": "equal", "respond-150": "respond", "mdaq-150": "mdaq"}
SIZES = {"equal": 600, "equal-150": 150, "respond-150": 150, "mdaq-150": 150}


def verdict(name: str = "tentative", teacher: str = "good") -> Verdict:
    return Verdict("de", teacher, name, {"p_first": 0.7}, "students of the study")


def gains(**means: float) -> pd.DataFrame:
    """Replicates of the gain of students, named `teacher__recipe`, with a standard error of 0.01 and paired items."""
    common = np.random.default_rng(0).normal(0, 0.05, 500)
    frames = []
    for place, (cell, mean) in enumerate(means.items()):
        teacher, recipe = cell.split("__")
        own = mean + common + np.random.default_rng(place + 1).normal(0, 0.01, 500)
        frame = pd.DataFrame({"replicate": np.arange(501), "gain": [mean, *own]})
        frames.append(frame.assign(teacher=teacher, recipe=recipe.replace("_", "-")))
    return pd.concat(frames, ignore_index=True)


def compared(table: pd.DataFrame, students: Sequence[str] = ("0", "1", "2"), **changed: Any) -> list[Alternative]:
    settings: dict[str, Any] = {"same": SAME, "sizes": SIZES, "routed": ["persyn"], "barred": {}, "confidence": 0.95}
    leader = {"teacher": "good", "recipe": "equal"}
    return better({"tried": table}, leader, students={"tried": students}, **{**settings, **changed})


def taken(alternatives: list[Alternative], name: str = "tentative", **given: Any) -> Any:
    return choose(verdict(name), alternatives, lang="de", recipe="equal", size=1000, known_mix=SAME, **given)


def test_the_leader_is_taken_and_said_to_be_unclear_unless_the_verdict_is_clear() -> None:
    clear, unclear = taken([], "clear"), taken([])
    assert (clear.teacher, clear.recipe, clear.clear) == ("good", "equal-1000", True)
    assert (unclear.teacher, unclear.clear) == ("good", False)
    assert "no choice is clear" in unclear.why
    assert as_json([clear], study="demo")["languages"]["de"]["recipe"] == "equal-1000"


def test_a_router_or_another_mix_is_taken_only_if_its_interval_lies_above_0() -> None:
    found = compared(gains(good__equal=0.1, persyn__equal=0.2, other__equal=0.9))
    assert [(one.teacher, one.problem) for one in found] == [("persyn", "")]  # another single teacher is the verdict's business
    assert taken(found).teacher == "persyn"
    assert "equal of persyn is better than equal of good: +0.100" in taken(found).why
    assert "3 students of each. Not shown: that it is better than other." in taken(found).why
    assert not taken(found).clear
    alone = taken(compared(gains(good__equal=0.1, persyn__equal=0.2, other__equal=0.1)))
    assert alone.clear
    assert "Not shown" not in alone.why
    close = compared(gains(good__equal=0.1, persyn__equal=0.11))
    assert close[0].problem.startswith("not shown to be better")
    assert taken(close).teacher == "good"


def test_a_router_that_beats_the_leader_is_no_clear_choice_where_more_is_not_shown() -> None:
    """As the card says of the leader: a clear one beats every rival and the base, on more than one draw of data."""
    table = gains(good__equal=0.0, persyn__equal=0.2, other__equal=0.1)
    for alternatives, numbers, doubt in (
        (compared(table, students=["0", "0-training2"]), {}, "that another draw of the data gives the same"),
        (compared(gains(good__equal=-0.3, persyn__equal=-0.1)), {}, "that its students are better than the base"),
        (compared(gains(good__equal=0.0, persyn__equal=0.2)), {"rivals": "c d"}, "that it is better than c and d"),
        (compared(table), {"rivals": "other"}, ""),
    ):
        tentative = Verdict("de", "good", "tentative", numbers, "students of the study")
        found = choose(tentative, alternatives, lang="de", recipe="equal", size=1000, known_mix=SAME)
        assert (found.teacher, found.clear) == ("persyn", not doubt)
        assert found.why.endswith(f"Not shown: {doubt}." if doubt else "3 students of each.")
    (one,) = compared(table)
    assert one.gain == pytest.approx(0.2)
    assert one.gain_low is not None
    assert one.gain_low < 0.2
    assert (one.beaten, one.unbeaten, one.draws) == (["other"], [], 3)
    assert not taken(compared(table), "distrusted").clear


def test_recipes_are_compared_at_the_same_size() -> None:
    found = compared(gains(good__equal=0.3, good__equal_150=0.1, good__respond_150=0.2))
    assert [(one.recipe, one.than, one.problem) for one in found] == [("respond-150", "equal-150 of good", "")]
    assert taken(found).recipe == "respond-1000"


def test_with_one_student_of_each_nothing_is_better_and_what_cannot_be_built_is_listed_with_the_reason() -> None:
    table = gains(good__equal_150=0.1, good__respond_150=0.2, good__mdaq_150=0.3)
    assert all("one student" in one.problem for one in compared(table, students=["0"]))
    found = compared(table, barred={("good", "mdaq-150"): "it selects"})
    assert {one.recipe: one.problem for one in found} == {"mdaq-150": "it selects", "respond-150": ""}
    assert taken(found).recipe == "respond-1000"


def test_more_comparisons_make_wider_intervals() -> None:
    one = compared(gains(good__equal_150=0.1, good__respond_150=0.12))[0]
    both = compared(gains(good__equal_150=0.1, good__respond_150=0.12, good__mdaq_150=0.12))
    same = next(other for other in both if other.recipe == "respond-150")
    assert same.low < one.low < one.high < same.high


def test_few_resamples_show_nothing_far_in_the_tail() -> None:
    table = gains(good__equal_150=0.1, good__respond_150=0.2)
    (one,) = compared(table[table["replicate"] <= 30])
    assert one.problem.startswith("30 resamples are too few to show it among so many comparisons: raise `scoring.bootstrap`")
    (more,) = compared(table[table["replicate"] <= 100])
    assert more.problem == ""


def test_among_equal_recipes_a_better_one_is_found_in_at_most_a_twentieth_of_studies() -> None:
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(150):
        estimates = dict(zip(("equal", "respond", "translate", "generate"), rng.normal(0, 0.01, 4), strict=True))
        frames = [
            pd.DataFrame({"replicate": np.arange(201), "gain": [mean, *(mean + rng.normal(0, 0.01, 200))]}).assign(
                teacher="good", recipe=f"{name}-150"
            )
            for name, mean in estimates.items()
        ]
        same = {f"{name}-150": name for name in estimates}
        found = better(
            {"tried": pd.concat(frames)},
            {"teacher": "good", "recipe": "equal-150"},
            same=same,
            sizes=dict.fromkeys(same, 150),
            routed=[],
            students={"tried": ["0", "1", "2"]},
            barred={},
            confidence=0.95,
        )
        wrong += any(not one.problem for one in found)
    assert wrong <= 150 * 0.05


def test_settings_overrule_the_study_and_the_choice_says_so() -> None:
    found = taken([], "clear", teacher="other", methods=["respond", "translate"])
    assert (found.teacher, found.recipe, found.clear) == ("other", "respond+translate-1000", False)
    assert found.overruled == {"teacher": "good", "recipe": "equal"}
    assert "overrule the teacher (good) and the recipe (equal)" in found.why
    same = taken([], "clear", teacher="good")
    assert same.clear
    assert not same.overruled


def test_where_nothing_was_measured_a_teacher_must_be_named() -> None:
    with pytest.raises(WrongInput, match="no teacher was measured in 'de'; name one"):
        choose(None, [], lang="de", recipe="equal", size=10)
    assert choose(None, [], lang="de", recipe="equal", size=10, teacher="other").teacher == "other"


def test_verdicts_come_from_a_recommendation_or_a_ranking() -> None:
    columns = {"pg": 1.0, "pg_low": 0.5, "pg_high": float("nan"), "p_first": 0.8, "rivals": float("nan")}
    table = pd.DataFrame([{"lang": "de", "verdict": "clear", "teacher": "good", **columns}])
    table = pd.concat([table, pd.DataFrame([{"lang": "id", "verdict": "not_measured"}])])
    (found,) = of_recommendation(table)
    assert (found.lang, found.name, found.numbers["pg"], found.numbers["pg_high"]) == ("de", "clear", 1.0, None)
    order = pd.DataFrame({"teacher": ["b", "a"], "rank": [2.0, 1.0], "score": [0.1, 0.3], "p_first": [0.1, 0.9]})
    ranked = of_ranking(order, ["de", "id"])
    assert [(one.lang, one.teacher) for one in ranked] == [("de", "a"), ("id", "a")]
    chosen_by_rank = choose(ranked[0], [], lang="de", recipe="equal", size=10)
    assert not chosen_by_rank.clear
    assert "no student was trained" in chosen_by_rank.why
    assert of_ranking(order.assign(rank=float("nan"), score=float("nan")), ["de"]) == []


def test_a_teacher_may_have_a_number_for_a_name_wherever_it_is_named(tmp_path: Path) -> None:
    row = {"verdict": "tentative", "pg": 1.0, "p_first": 0.6, "rivals_p_first": "0.300"}
    rows = [row | {"lang": "de", "teacher": "7", "rivals": "12"}, row | {"lang": "id", "teacher": "7", "rivals": ""}]
    write_csv(pd.DataFrame(rows), tmp_path / "recommendation.csv")
    found = of_recommendation(read_frame(tmp_path / "recommendation.csv"))
    assert [(one.teacher, one.numbers["rivals"]) for one in found] == [("7", "12"), ("7", None)]
    assert [one.numbers["rivals_p_first"] for one in found] == ["0.300", "0.300"]


def test_a_build_names_nothing_twice_and_a_teacher_for_all_languages_or_for_some() -> None:
    with pytest.raises(ValueError, match="methods: a name stands there more than once"):
        Build(methods=["respond", "respond"])
    assert Build(teacher="good").overruled("de") == "good"
    some = Build(teacher={"de": "good"})
    assert (some.overruled("de"), some.overruled("id"), some.teachers) == ("good", None, ["good"])
