"""What a race takes, before it starts: counted by hand, simulated in between, and refused politely where it is not worth it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.context import Context
from polyglot.displays.tables.race_cost import plan_race
from polyglot.planning.racing import planned_races, simulated
from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.study.races import doubtful
from polyglot.workflow.loading import load_study

TEACHERS, LANGS = ["thorough", "hasty", "germanist", "careless"], ["de", "id", "ar"]
RACE = {"compare": "race", "trainings": 3}


@pytest.fixture(scope="module")
def demo(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/demo.yaml", repository)


def racing(study: Study, **changes: Any) -> Study:
    """The study with a race, and nothing else beside the main experiment."""
    return Study.model_validate(study.model_dump() | {"run": ["main"], "experiments": {"race": RACE}} | changes)


def jobs(**hours: float) -> pd.DataFrame:
    """The first rung: one job of each rule per teacher and language; models and seed data are nobody's."""
    rows = [{"rule": "hub_model", "teacher": "", "engine_start": False, "gpu_hours": 0.0, "usd": 0.5}]
    for rule, spent in hours.items():
        row = {"rule": rule, "engine_start": True, "gpu_hours": spent, "usd": 2 * spent}
        rows += [row | {"teacher": teacher} for teacher in TEACHERS for _ in LANGS]
    return pd.DataFrame(rows)


FIRST = jobs(synthesize=10, student=3, evaluate_student=1)


def test_first_rung_most_and_full_study_are_those_counted_by_hand(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    found = planned_races(racing(study), registries, {"race": FIRST}).set_index("case")
    assert list(found["gpu_hours"].drop("expected")) == [12 * 14, 12 * (10 + 3 * 4), 12 * 3 * 14]
    assert list(found["usd"].drop("expected")) == [0.5 + 24 * 14, 0.5 + 24 * 22, 0.5 + 72 * 14]
    assert list(found["students"].drop("expected")) == [12, 36, 36]
    assert list(found["engine_starts"].drop("expected")) == [36, 12 + 3 * 24, 3 * 36]
    assert (found.loc["expected", ["teachers", "languages"]] == [4, 3]).all()


def test_what_is_expected_lies_between_and_follows_the_spreads(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    trainings = {}
    for spread in (0.0, 0.02, 0.2):
        plan = study.plan.model_dump() | {"teacher_spread": spread}
        one = planned_races(racing(study, plan=plan), registries, {"race": FIRST}).set_index("case").loc["expected"]
        trainings[spread] = one["trainings"]
        assert one["gpu_hours"] == pytest.approx(12 * (10 + one["trainings"] * 4))
        assert one["regret"] > 0
    assert 3 >= trainings[0.0] > trainings[0.02] > trainings[0.2] >= 1


def test_a_budget_caps_what_is_expected_and_at_most(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    limited = racing(study, race={"gpu_hours": 1.2 * 12 * 4})
    found = planned_races(limited, registries, {"race": FIRST}).set_index("case")
    assert found.loc["at most", "trainings"] == pytest.approx(1.2)
    assert found["trainings"].to_dict()["expected"] <= 1.2
    assert found.loc["full study", "trainings"] == 3


def test_the_regret_that_is_stated_is_that_of_the_trainings_that_are_paid_for(demo: tuple[Study, Registries]) -> None:
    """Where the budget ends a race after its first rung, what is expected is what one training of everyone says."""
    study, registries = demo
    free, short = (racing(study, race=race) for race in ({}, {"gpu_hours": 12 * 4.0}))
    found = [planned_races(one, registries, {"race": FIRST}).set_index("case").T["expected"] for one in (free, short)]
    alone = racing(study, experiments={"race": RACE | {"trainings": 1}})
    once = simulated(alone, registries, alone.matrices["race"])
    assert found[1]["trainings"] == 1
    assert found[1]["regret"] == pytest.approx(once.stated.mean(), rel=0.05)
    assert found[1]["regret"] > 1.2 * found[0]["regret"]
    assert found[1]["clear"] <= found[0]["clear"]


def test_small_sets_are_counted_beside_what_the_race_takes_without(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    study = racing(study, race={"small": "equal-150"})
    small = jobs(synthesize=4, student=1, evaluate_student=1)
    whole = pd.concat([small, jobs(synthesize=6, student=3, evaluate_student=1).iloc[1:]])
    rows = planned_races(study, registries, {"race": small}, {"race": whole})
    found = rows.set_index("case")
    hours = found["gpu_hours"]
    assert (hours["first rung"], hours["at most"], hours["full study"]) == (12 * 6, 12 * (6 + 6 + 3 * 4), 12 * 3 * (10 + 4))
    expected, without = found.loc["expected"], found.loc["without small sets"]
    assert without["gpu_hours"] == pytest.approx(12 * (10 + 4 * without["trainings"]))
    assert 12 * 6 < expected["gpu_hours"] < hours["at most"]
    assert expected["trainings"] < without["trainings"]
    assert found.loc["first rung", "students"] == 12
    context = Context.of(BUDGET["plan_race"].values(study, registries, study.scoring, name="demo"))
    assert list(plan_race(context, rows).shown["case"])[:3] == [
        *("rung 0: everyone on a small set", "expected", "expected without small sets"),
    ]


def test_a_budget_holds_for_small_sets_and_what_comes_after_them(demo: tuple[Study, Registries]) -> None:
    """Small sets take 12 * 2 of it. Data are outside of it, and only asked of those who are trained on them."""
    study, registries = demo
    small = jobs(synthesize=4, student=1, evaluate_student=1)
    whole = pd.concat([small, jobs(synthesize=6, student=3, evaluate_student=1).iloc[1:]])
    for budget, trainings in ((12 * 2 + 12 * 4 * 0.25, 0.25), (12, 0.0)):
        limited = racing(study, race={"small": "equal-150", "gpu_hours": budget})
        found = planned_races(limited, registries, {"race": small}, {"race": whole}).set_index("case")
        assert found.loc["at most", "trainings"] == pytest.approx(trainings)
        assert found.loc["at most", "gpu_hours"] == pytest.approx(12 * (6 + trainings * (6 + 4)))
        # a rung that the budget does not pay for is not begun
        hours = found["gpu_hours"].to_dict()
        assert 12 * 6 <= hours["expected"] <= hours["at most"] + 1e-9
        assert found.loc["first rung", "gpu_hours"] == 12 * 6
        assert found.loc["without small sets", "trainings"] == 1


def test_a_race_by_language_is_simulated_by_language(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    study = racing(study, race={"by": "language"})
    assert simulated(study, registries, study.matrices["race"]).chosen.shape[1] == 3


def test_the_same_plan_is_simulated_alike(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    study = racing(study)
    one, other = (simulated(study, registries, study.matrices["race"]) for _ in range(2))
    assert (one.trainings == other.trainings).all()
    assert one.trainings.min() == 1
    assert one.trainings.max() <= 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        (
            {"experiments": {"race": RACE | {"teachers": TEACHERS[:3]}}},
            "with 3 teachers, `trainings: 3` of all costs about as much",
        ),
        ({"trainings": 3}, "'main' trains all its students anyway"),
        ({"trainings": 2}, ""),
        (
            {"experiments": {"race": RACE, "crossed": {"compare": "teachers", "trainings": 4}}},
            "'crossed' trains all its students",
        ),
        ({"experiments": {"race": RACE, "part": {"compare": "teachers", "trainings": 4, "languages": ["id"]}}}, ""),
        ({"experiments": {"race": RACE, "other": {"compare": "teachers", "trainings": 4, "seeds": [1]}}}, ""),
    ],
)
def test_it_is_said_before_it_starts_when_a_race_is_not_worth_it(
    demo: tuple[Study, Registries], changes: dict[str, Any], why: str
) -> None:
    told = doubtful(racing(demo[0], **changes))
    assert len(told) == bool(why)
    assert all(why in one and one.startswith("experiments.race: ") for one in told)


def test_the_table_shows_the_cases_beside_the_full_study(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    study = racing(study, trainings=3)
    table = planned_races(study, registries, {"race": FIRST})
    context = Context.of(BUDGET["plan_race"].values(study, registries, study.scoring, name="demo"))
    made = plan_race(context, table)
    shown = made.shown.set_index("case")
    assert shown.loc["at most: everyone, all trainings", "of the full study"] == "52%"
    full = shown.to_dict("index")["full study, as many draws"]
    assert [full[name] for name in ("GPU hours", "of the full study", "expected regret")] == ["504", "100%", "–"]
    assert "**race** is not worth it: 'main' trains all its students anyway" in made.notes[-1]
