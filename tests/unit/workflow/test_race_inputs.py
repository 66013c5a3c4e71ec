"""Whom a race trains again, what that takes, and that nothing else trains those it has dropped."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from polyglot.core.errors import ConfigurationError
from polyglot.planning.budget import budget
from polyglot.planning.demands import Demands
from polyglot.scoring.racing import Terms
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.racing import RacingInputs
from polyglot.workflow.targets import Targets

from .conftest import Read

RACE = {"race": {"compare": "race", "trainings": 3, "teachers": ["thorough", "germanist"], "languages": ["de", "id"]}}
SECOND = {"experiment": "race", "rung": "2"}


def rows(states: Mapping[tuple[str, str], tuple[str, int, str]], rung: int = 1) -> list[dict[str, Any]]:
    """Rows of a rung: (teacher, language) to (state, since, end)."""
    return [
        {"rung": rung, "lang": lang, "teacher": name, "state": state, "since": since, "end": end}
        for (name, lang), (state, since, end) in states.items()
    ]


def write(path: Path, found: list[dict[str, Any]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return str(path)


def students(inputs: RacingInputs, file: str) -> list[str]:
    """TEACHER/LANGUAGE/STUDENT of all that a second rung needs."""
    return [path.split("equal/")[1].removesuffix(".parquet") for path in inputs.outcomes(lambda wildcards, rung: file)(SECOND)]


def test_who_may_be_the_best_is_trained_again_in_every_language(read: Read, tmp_path: Path) -> None:
    inputs = RacingInputs(*read(experiments=RACE))
    rung = write(tmp_path / "1.csv", rows({("thorough", ""): ("leads", 1, ""), ("germanist", ""): ("dropped", 1, "")}))
    assert students(inputs, rung) == [
        *("thorough/de/0", "thorough/de/0-training2", "thorough/id/0", "thorough/id/0-training2"),
        *("germanist/de/0", "germanist/id/0"),
    ]


def test_each_language_trains_its_own_teachers_again_and_not_where_its_race_is_over(read: Read, tmp_path: Path) -> None:
    inputs = RacingInputs(*read(experiments=RACE, race={"by": "language"}))
    states = {("thorough", "de"): ("leads", 1, ""), ("germanist", "de"): ("stays", 1, "")}
    states |= {("thorough", "id"): ("leads", 1, "one left"), ("germanist", "id"): ("dropped", 1, "one left")}
    assert students(inputs, write(tmp_path / "1.csv", rows(states))) == [
        *("thorough/de/0", "thorough/de/0-training2", "thorough/id/0"),
        *("germanist/de/0", "germanist/de/0-training2", "germanist/id/0"),
    ]
    assert Terms(**inputs.terms(SECOND)).by == "language"


def test_a_race_goes_on_until_every_choice_is_over(read: Read, tmp_path: Path) -> None:
    inputs = RacingInputs(*read(experiments=RACE))
    open_, over = ("leads", 1, ""), ("leads", 1, "one left")
    one = write(tmp_path / "1.csv", rows({("thorough", "de"): over, ("germanist", "id"): open_}))
    two = write(tmp_path / "2.csv", rows({("thorough", "de"): over, ("germanist", "id"): ("leads", 2, "trainings")}, 2))
    assert inputs.rungs(lambda wildcards, rung: [one, two][rung - 1])({"experiment": "race"}) == [one, two]


def test_judged_answers_are_what_a_race_reads(read: Read) -> None:
    inputs = RacingInputs(*read(experiments={"race": {"compare": "race", "languages": ["id", "de"]}}))
    first = inputs.outcomes(lambda wildcards, rung: "")({"experiment": "race", "rung": "1"})
    assert {path.split("/")[2] for path in first if "/id/" in path} == {"judged"}
    assert {path.split("/")[2] for path in first if "/de/" in path} == {"evaluation"}


def test_publishing_and_measuring_train_no_student_that_the_race_has_not(read: Read, tmp_path: Path) -> None:
    study, registries = read(experiments=RACE, run=["race"])
    needed = [*Targets(study, registries).publishing(), *ExperimentInputs(study, registries).outcomes({"experiment": "race"})]
    assert needed
    assert not any("training" in path for path in needed)
    last = rows({("thorough", ""): ("leads", 2, "trainings"), ("germanist", ""): ("dropped", 1, "trainings")}, 2)
    file = write(tmp_path / "2.csv", last)
    cards = RacingInputs(study, registries).cards(lambda wildcards, rung: file)({})
    assert [path.split("equal/")[1].removesuffix("/README.md") for path in cards] == [
        *("thorough/de/0", "thorough/de/0-training2", "thorough/id/0", "thorough/id/0-training2"),
        *("germanist/de/0", "germanist/id/0"),
    ]
    assert RacingInputs(*read(experiments=RACE)).cards(lambda wildcards, rung: file)({}) == []


def test_a_training_takes_what_the_plan_says(read: Read) -> None:
    race = {"race": {"compare": "race", "languages": ["de"]}}
    study, registries = read("paper", experiments=race, plan={"usd_per_gpu_hour": 2.5})
    cell = study.measured["race"][0]
    jobs = []
    for rule in ("student", "evaluate_student"):
        wildcards = {**cell._asdict(), "seed": "0"}
        demand = Demands(study, registries).of(rule, wildcards, 1)
        asked = {"threads": 1, "gpu": demand.gpu, "gres": None, "mem_mb": 1, "runtime": 1, "slurm_partition": None}
        jobs.append({"rule": rule, "wildcards": wildcards, **asked})
    planned = budget(jobs, study, registries)
    found = RacingInputs(study, registries).prices({"experiment": "race"})
    assert planned["gpu_hours"].min() > 0
    assert found == {"de": pytest.approx({"gpu_hours": planned["gpu_hours"].sum(), "usd": planned["usd"].sum()})}


@pytest.mark.parametrize(
    ("race", "told"),
    [
        ({"gpu_hours": 10}, "race.gpu_hours: 'nano-base' is trained on no GPU"),
        ({"usd": 10}, "race.usd: training 'nano-base' has no price"),
        ({"by": "teacher"}, "race.by"),
    ],
)
def test_a_budget_that_nothing_counts_for_is_refused(read: Read, race: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(experiments=RACE, race=race)


def test_a_race_that_starts_with_small_sets_trains_who_is_left_on_full_ones(read: Read, tmp_path: Path) -> None:
    study, registries = read(experiments=RACE, race={"small": "equal-150"}, run=["race"])
    inputs, small = RacingInputs(study, registries), {"experiment": "race", "rung": "0"}
    assert "equal-150" in study.recipes
    assert inputs.before(small) == inputs.outcomes(lambda wildcards, rung: "")(small) == []
    of_small = [path.split("equal-150/")[1] for path in inputs.small_outcomes(small)]
    assert of_small == [f"{name}/{lang}/0.parquet" for name in ("thorough", "germanist") for lang in ("de", "id")]
    assert inputs.small(small)["trained"] == [[name, lang] for name in ("thorough", "germanist") for lang in ("de", "id")]
    rung = write(tmp_path / "0.csv", rows({("thorough", ""): ("leads", 0, ""), ("germanist", ""): ("dropped", 0, "")}, 0))
    first = inputs.outcomes(lambda wildcards, rung_: rung)({"experiment": "race", "rung": "1"})
    assert [path.split("equal/")[1] for path in first] == ["thorough/de/0.parquet", "thorough/id/0.parquet"]
    ends = {("thorough", ""): ("leads", 1, "trainings"), ("germanist", ""): ("dropped", 0, "trainings")}
    over = write(tmp_path / "1.csv", rows(ends, 1))
    assert inputs.rungs(lambda wildcards, number: [rung, over][number])({"experiment": "race"}) == [rung, over]
    cards = inputs.cards(lambda wildcards, number: [rung, over][number])({})
    assert [path.split("students/nano-base/")[1].removesuffix("/README.md") for path in cards] == [
        *(f"equal-150/{name}/{lang}/0" for name in ("thorough", "germanist") for lang in ("de", "id")),
        *("equal/thorough/de/0", "equal/thorough/id/0"),
    ]
    assert Targets(study, registries).first_rungs()["race"].endswith("rung0.csv")
    assert len(Targets(study, registries).of_full_size()["race"]) == 4
    Terms(**inputs.terms(small))


@pytest.mark.parametrize(
    ("small", "told"),
    [
        ("equal-9k", "'equal-9k' is not smaller than 'equal'"),
        ("generate-100", "'generate-100' is no part of 'equal'"),
        ("mdaq-100", "'mdaq-100' is no part of 'equal'"),
        ("equl-100", "race.small: 'equl-100' is no recipe"),
    ],
)
def test_small_sets_must_be_small_ones_of_the_same_recipe(read: Read, small: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(experiments=RACE, race={"small": small})
