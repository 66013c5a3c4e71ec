"""A race of teachers: the posterior against brute force, guarantees by simulation, and rungs from students' answers."""

from __future__ import annotations

import runpy
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame, write_csv
from polyglot.scoring import race_posterior
from polyglot.scoring.race_columns import Known, Noise
from polyglot.scoring.race_posterior import draws, equal_weights, learned_noise
from polyglot.scoring.race_rungs import ABSENT, DROPPED, EVERY, LEADS, STAYS, Beliefs, again, rung_table
from polyglot.scoring.racing import Price, Standing, Terms, ended, standing, survivors

BELIEFS = Beliefs(0.005, 0.005)


@pytest.fixture(scope="module")
def simulation(repository: Path) -> dict[str, Any]:
    return runpy.run_path(str(repository / "performance/race.py"))


def exact(known: Known, teacher: float, language: float) -> tuple[Array, Array]:
    """Mean and covariance of the teachers' means over languages less their mean, by one normal distribution of everything."""
    teachers, languages = known.scores.shape
    weights = equal_weights(languages)
    there = np.flatnonzero((known.trainings > 0).ravel())
    own = teacher**2 * np.ones((languages, languages)) + language**2 * np.eye(languages)
    wide = 100.0
    of_scores = np.kron(np.eye(teachers), own) + wide * np.kron(np.ones((teachers, teachers)), np.eye(languages))
    of_scores += np.diag(known.noise.of(known.trainings).ravel())
    between = np.kron(np.eye(teachers), (own @ weights)[None, :])
    of_values = np.eye(teachers) * (weights @ own @ weights)
    gain = between[:, there] @ np.linalg.inv(of_scores[np.ix_(there, there)])
    centre = np.eye(teachers) - 1 / teachers
    mean = centre @ gain @ known.scores.ravel()[there]
    return mean, centre @ (of_values - gain @ between[:, there].T) @ centre


def test_the_posterior_is_that_of_one_large_normal_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_posterior, "TEACHER_SPREADS", (0.02,))
    monkeypatch.setattr(race_posterior, "LANGUAGE_SPREADS", (0.03,))
    rng = np.random.default_rng(1)
    trainings = np.array([[3, 3, 3], [1, 2, 0], [1, 0, 1], [2, 2, 2]])
    noise = Noise(np.array([1e-4, 2e-4, 3e-4]), np.array([4e-4, 2e-4, 1e-4]))
    known = Known(np.where(trainings > 0, rng.normal(0.4, 0.05, (4, 3)), np.nan), trainings, noise)
    mean, covariance = exact(known, 0.02, 0.03)
    drawn = draws(known, equal_weights(3), 40_000, rng)
    drawn -= drawn.mean(axis=-1, keepdims=True)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=5e-4)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=1e-5)


def test_studies_side_by_side_are_as_each_alone() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(0.4, 0.02, (3, 5, 2))
    noise = Noise(np.full((3, 2), 1e-4), np.full((3, 2), 1e-4))
    every = standing(Known(scores, np.ones(scores.shape), noise), np.ones((3, 5), bool), rng, number=20_000)
    for study in range(3):
        one = Known(scores[study], np.ones((5, 2)), Noise(noise.kept[study], noise.anew[study]))
        alone = standing(one, np.ones(5, bool), rng, number=20_000)
        assert alone.best == pytest.approx(every.best[study], abs=0.015)
        assert alone.leader == every.leader[study]


def test_a_language_counts_as_much_as_it_weighs() -> None:
    scores = np.array([[0.5, 0.3], [0.3, 0.5], [0.3, 0.3]])
    known = Known(scores, np.ones((3, 2)), Noise(np.full(2, 1e-5), np.full(2, 1e-5)))
    found = standing(known, np.ones(3, bool), np.random.default_rng(0), weights=np.array([0.0, 1.0]))
    assert int(found.leader) == 1
    assert bool(found.clear)


def test_trainings_apart_from_each_other_teach_how_far_they_spread() -> None:
    rng = np.random.default_rng(3)
    believed = Noise(np.full(4, 1e-4), np.full(4, 1e-4))
    single = rng.normal(0.0, 0.03, (100, 4, 3))
    wide = learned_noise(believed, single, 10.0)
    assert 0.85 * 9e-4 < wide.anew[0] < 1.15 * 9e-4
    assert learned_noise(believed, single[..., :1], 10.0).anew == pytest.approx(believed.anew)


@pytest.mark.parametrize(
    ("alive", "terms", "trainings", "end"),
    [
        ([True, False, False], Terms(), 1, "one left"),
        ([True, True, False], Terms(regret=0.002), 1, "regret"),
        ([True, True, False], Terms(regret=0.0005), 1, ""),
        ([True, True, False], Terms(), 3, "trainings"),
    ],
)
def test_a_race_ends_when_it_should(alive: list[bool], terms: Terms, trainings: int, end: str) -> None:
    found = Standing(np.array([0.6, 0.37, 0.03]), np.array([0.001, 0.002, 0.01]), np.array(0))
    assert ended(found, np.array(alive), terms, trainings) == end
    assert survivors(found, np.ones(3, bool), terms).tolist() == [True, True, False]


def test_guarantees_hold_in_simulation(simulation: dict[str, Any]) -> None:
    compared, worlds = simulation["compared"], simulation["WORLDS"]
    rows = {
        name: compared(name, worlds[name], 200, 5, Terms()) for name in ("published", "published, four times the items", "equal")
    }
    one, items, equal = rows.values()
    assert max(one["cost"], items["cost"]) <= 0.42
    assert one["more_than_full"] <= 0.1 + 2 * one["more_se"]
    assert items["regret"] <= 0.5 + 0.1
    assert abs(one["stated"] - one["regret"]) <= 0.1 * one["regret"] + 2 * one["stated_apart_se"]
    assert equal["false_clear"] <= 0.01


def answers(right: dict[tuple[str, str], list[float]], items: int = 800) -> dict[tuple[str, str], list[pd.DataFrame]]:
    """Outcomes of students by their chances, on items of different difficulty."""
    rng = np.random.default_rng(4)
    hard = {lang: rng.normal(0, 0.3, items) for _, lang in right}
    made = {}
    for (teacher, lang), chances in right.items():
        made[teacher, lang] = [
            pd.DataFrame(
                {
                    "benchmark": "sums",
                    "stratum": "all",
                    "example_id": np.arange(items).astype(str),
                    "weight": 1 / items,
                    "correct": rng.random(items) < chance + hard[lang],
                }
            )
            if chance
            else pd.DataFrame()
            for chance in chances
        ]
    return made


CHANCES = {"good": 0.6, "near": 0.59, "poor": 0.4, "none": 0.0}


def test_rungs_drop_who_is_behind_and_keep_the_reason() -> None:
    first = rung_table(
        answers({(name, lang): [CHANCES[name]] for name, lang in product(CHANCES, ("de", "id"))}), None, Terms(), BELIEFS, 0
    )
    states = dict(zip(first["teacher"], first["state"], strict=True))
    assert (states["poor"], states["none"]) == (DROPPED, ABSENT)
    assert sorted([states["good"], states["near"]]) == [LEADS, STAYS]
    assert "P(best) 0.000 is below 0.05" in str(first.set_index("teacher").loc["poor", "reason"])
    assert sorted(again(first)) == [("good", EVERY), ("near", EVERY)]
    assert first["best"].sum() == pytest.approx(1.0)
    assert first.set_index("teacher").loc["none", "best"] == 0.0
    trained = {"good": 2, "near": 2, "poor": 1, "none": 1}
    second = rung_table(
        answers({(name, lang): [CHANCES[name]] * trained[name] for name, lang in product(CHANCES, ("de", "id"))}),
        first,
        Terms(trainings=2),
        BELIEFS,
        0,
    )
    assert (set(second["end"]), set(second["rung"]), again(second)) == ({"trainings"}, {2}, [])
    poor = second.set_index("teacher").loc["poor"]
    assert (poor["state"], poor["since"], poor["trainings"]) == (DROPPED, 1, 1)
    assert poor["reason"] == first.set_index("teacher").loc["poor", "reason"]
    assert 0 < second["regret"].iloc[0] < 0.02


def test_a_rung_goes_on_from_the_file_of_the_one_before_whatever_teachers_are_called(tmp_path: Path) -> None:
    chances = {"7": 0.6, "08": 0.59, "na": 0.4}
    cells = list(product(chances, ("de", "nan")))
    first = rung_table(answers({(name, lang): [chances[name]] for name, lang in cells}), None, Terms(), BELIEFS, 0)
    write_csv(first, tmp_path / "rung1.csv")
    read = read_frame(tmp_path / "rung1.csv")
    trained = {"7": 2, "08": 2, "na": 1}
    students = answers({(name, lang): [chances[name]] * trained[name] for name, lang in cells})
    second, alike = (rung_table(students, before, Terms(trainings=2), BELIEFS, 0) for before in (read, first))
    assert set(second["teacher"]) == set(chances)
    pd.testing.assert_frame_equal(second, alike)


BY_LANGUAGE = {"wide": {"de": 0.6, "id": 0.4}, "east": {"de": 0.4, "id": 0.6}, "near": {"de": 0.59, "id": 0.4}}


def of_languages(trainings: dict[tuple[str, str], int]) -> dict[tuple[str, str], list[pd.DataFrame]]:
    """Students by language; teachers and languages without a number have one."""
    cells = [(name, lang) for name, chances in BY_LANGUAGE.items() for lang in chances]
    return answers({cell: [BY_LANGUAGE[cell[0]][cell[1]]] * trainings.get(cell, 1) for cell in cells})


def by_cell(table: pd.DataFrame, column: str) -> dict[tuple[str, str], Any]:
    """A column by (language, teacher)."""
    return dict(zip(zip(table["lang"], table["teacher"], strict=True), table[column], strict=True))


def ends(table: pd.DataFrame) -> dict[str, set[str]]:
    """Why the race of each language is over."""
    found: dict[str, set[str]] = {}
    for lang, end in zip(table["lang"], table["end"], strict=True):
        found.setdefault(lang, set()).add(end)
    return found


def test_each_language_drops_its_own_teachers_and_ends_by_itself() -> None:
    terms = Terms(by="language", trainings=2)
    first = rung_table(of_languages({}), None, terms, BELIEFS, 0)
    states = by_cell(first, "state")
    assert (states["id", "east"], states["id", "wide"], states["de", "east"]) == (LEADS, DROPPED, DROPPED)
    assert {states["de", "wide"], states["de", "near"]} == {LEADS, STAYS}
    assert ends(first) == {"de": {""}, "id": {"one left"}}
    assert first.groupby("lang")["best"].sum().to_dict() == pytest.approx({"de": 1.0, "id": 1.0})
    assert sorted(again(first)) == [("near", "de"), ("wide", "de")]
    second = rung_table(of_languages({("near", "de"): 2, ("wide", "de"): 2}), first, terms, BELIEFS, 0)
    assert (by_cell(second, "state")["id", "east"], by_cell(second, "since")["id", "east"]) == (LEADS, 1)
    assert ends(second) == {"de": {"trainings"}, "id": {"one left"}}
    assert (by_cell(second, "since")["de", "near"], by_cell(second, "trainings")["de", "near"]) == (2, 2)
    assert again(second) == []


def test_a_language_with_one_teacher_has_its_choice_and_stops_nothing() -> None:
    students = of_languages({}) | {("wide", "ar"): answers({("wide", "ar"): [0.5]})["wide", "ar"]}
    students |= {(name, "ar"): [pd.DataFrame()] for name in ("east", "near")} | {("wide", "fr"): [pd.DataFrame()]}
    students |= {(name, "fr"): [pd.DataFrame()] for name in ("east", "near")}
    table = rung_table(students, None, Terms(by="language"), BELIEFS, 0)
    states = by_cell(table, "state")
    assert (states["ar", "wide"], states["ar", "near"], by_cell(table, "best")["ar", "wide"]) == (LEADS, ABSENT, 1.0)
    assert {states["fr", name] for name in BY_LANGUAGE} == {ABSENT}
    assert (ends(table)["ar"], ends(table)["fr"]) == ({"one left"}, {"no student"})
    assert rung_table(students, None, Terms(), BELIEFS, 0).set_index("teacher").loc["wide", "languages"] == 2


@pytest.mark.parametrize(
    ("budget", "end"),
    [
        ({"gpu_hours": 12.5}, ""),
        ({"gpu_hours": 12.4}, "budget"),
        ({"usd": 24.9}, "budget"),
        ({"gpu_hours": 12.5, "usd": 25.0}, ""),
    ],
)
def test_a_race_ends_before_a_rung_that_takes_more_than_the_budget(budget: dict[str, Any], end: str) -> None:
    """Eight students were trained, two of them without data at no cost; the next rung trains two teachers in two languages."""
    students = answers({(name, lang): [CHANCES[name]] for name, lang in product(CHANCES, ("de", "id"))})
    prices = {"de": Price(1.0, 2.0), "id": Price(1.5, 3.0)}
    table = rung_table(students, None, Terms(**budget), BELIEFS, 0, prices)
    assert (table["gpu_hours"].unique().tolist(), table["usd"].unique().tolist()) == ([7.5], [15.0])
    assert table["end"].unique().tolist() == [end]
    assert len(again(table)) == (0 if end else 2)


def test_a_race_by_language_ends_in_all_of_them_with_the_budget() -> None:
    prices = {lang: Price(1.0) for lang in ("de", "id")}
    table = rung_table(of_languages({}), None, Terms(by="language", gpu_hours=7.9), BELIEFS, 0, prices)
    assert ends(table) == {"de": {"budget"}, "id": {"one left"}}
    assert rung_table(of_languages({}), None, Terms(by="language", gpu_hours=8.0), BELIEFS, 0, prices)["end"].eq("").any()


def test_a_race_of_one_teacher_is_none() -> None:
    with pytest.raises(WrongInput, match="two teachers have students"):
        rung_table(answers({("good", "de"): [0.6], ("none", "de"): [0.0]}), None, Terms(), BELIEFS, 0)
