"""A race that starts with small sets: exact against one normal distribution, who is dropped, what it costs, what is measured."""

from __future__ import annotations

import runpy
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.arrays import Array
from polyglot.scoring import race_posterior
from polyglot.scoring.race_columns import Known, Noise, Small
from polyglot.scoring.race_posterior import draws, equal_weights
from polyglot.scoring.race_rungs import ABSENT, DROPPED, EVERY, LEADS, STAYS, Beliefs, again, rung_table
from polyglot.scoring.race_small import SmallSets, measured
from polyglot.scoring.racing import Price, Terms
from tests.unit.scoring.test_racing import CHANCES, answers

BELIEFS = Beliefs(0.005, 0.005)


def test_small_sets_are_part_of_one_large_normal_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_posterior, "TEACHER_SPREADS", (0.02,))
    monkeypatch.setattr(race_posterior, "LANGUAGE_SPREADS", (0.03,))
    rng = np.random.default_rng(1)
    noise, trainings = Noise(np.array([1e-4, 2e-4]), np.array([4e-4, 2e-4])), np.array([[2, 2], [1, 1], [1, 0], [0, 0]])
    full = np.where(trainings > 0, rng.normal(0.4, 0.05, (4, 2)), np.nan)
    small = Small(np.where(np.eye(4, 2) > 0, np.nan, rng.normal(0.4, 0.05, (4, 2))), 0.7, 0.8)
    drawn = draws(Known(full, trainings, noise, small=small), equal_weights(2), 40_000, rng)
    drawn -= drawn.mean(axis=-1, keepdims=True)
    mean, covariance = _exact(np.column_stack([full, small.scores]), trainings, noise)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=6e-4)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=1.5e-5)


def _exact(seen: Array, trainings: Array, noise: Noise) -> tuple[Array, Array]:
    """Moments of four teachers' means over two languages, from scores of full and of small sets."""
    parts = np.kron(np.array([[1.0, 0.7 * 0.8], [0.7 * 0.8, 0.8**2]]), 0.02**2 + 0.03**2 * np.eye(2))
    weights, there = np.array([0.5, 0.5, 0.0, 0.0]), np.flatnonzero(np.isfinite(seen.ravel()))
    of_seen = np.kron(np.eye(4), parts) + 100.0 * np.kron(np.ones((4, 4)), np.eye(4))
    for place, count in enumerate(trainings):
        own = slice(4 * place, 4 * place + 4)
        of_seen[own, own] += np.kron(np.ones((2, 2)), np.diag(noise.kept))
        of_seen[own, own] += np.diag([*noise.anew / np.maximum(count, 1), *noise.anew])
    between, centre = np.kron(np.eye(4), (parts @ weights)[None, :]), np.eye(4) - 1 / 4
    gain = between[:, there] @ np.linalg.inv(of_seen[np.ix_(there, there)])
    covariance = np.eye(4) * (weights @ parts @ weights) - gain @ between[:, there].T
    return centre @ gain @ seen.ravel()[there], centre @ covariance @ centre


def small_sets(prices: dict[str, Price] | None = None) -> SmallSets:
    made = answers({(name, lang): [CHANCES[name]] for name, lang in product(CHANCES, ("de", "id"))})
    return SmallSets({cell: frames[0] for cell, frames in made.items()}, 0.85, 0.8, prices or {})


def test_who_is_dropped_by_a_small_set_is_never_trained_on_a_full_one() -> None:
    first = rung_table({}, None, Terms(), BELIEFS, 0, small=small_sets())
    states = dict(zip(first["teacher"], first["state"], strict=True))
    assert (states["poor"], states["none"], set(first["rung"])) == (DROPPED, ABSENT, {0})
    assert sorted([states["good"], states["near"]]) == [LEADS, STAYS]
    assert sorted(again(first)) == [("good", EVERY), ("near", EVERY)]
    assert (first["trainings"].sum(), first["small_students"].sum(), first["pairs"].max()) == (0, 6, 0)
    students = answers({cell: [0.6] for cell in product(("good", "near"), ("de", "id"))})
    second = rung_table(students, first, Terms(trainings=1), BELIEFS, 0, small=small_sets())
    poor = second.set_index("teacher").loc["poor"]
    assert (poor["state"], poor["since"], poor["trainings"], poor["reason"]) == (
        *(DROPPED, 0, 0),
        first.set_index("teacher").loc["poor", "reason"],
    )
    assert pd.isna(poor["score"])
    assert poor["small_score"] == pytest.approx(0.4, abs=0.05)
    assert (set(second["end"]), second["pairs"].max()) == ({"trainings"}, 4)
    assert second["best"].sum() == pytest.approx(1.0)
    one = second.dropna(subset=["correlation"]).iloc[0]
    assert one["correlation_low"] <= one["correlation"] <= one["correlation_high"]


def test_a_teacher_without_a_full_set_leaves_the_race() -> None:
    first = rung_table({}, None, Terms(), BELIEFS, 0, small=small_sets())
    students = answers({(name, lang): [0.6 * (name == "good")] for name, lang in product(("good", "near"), ("de", "id"))})
    second = rung_table(students, first, Terms(), BELIEFS, 0, small=small_sets())
    near = second.set_index("teacher").loc["near"]
    assert (near["state"], set(second["end"])) == (ABSENT, {"one left"})


def test_small_sets_and_what_follows_count_in_the_budget() -> None:
    prices, cheap = ({lang: Price(hours) for lang in ("de", "id")} for hours in (2.0, 0.5))
    for most, end in ((11.0, ""), (10.9, "budget")):
        table = rung_table({}, None, Terms(gpu_hours=most), BELIEFS, 0, prices, small_sets(cheap))
        assert (table["gpu_hours"].unique().tolist(), table["end"].unique().tolist()) == ([3.0], [end])


@pytest.mark.parametrize(("correlation", "least", "most"), [(0.95, 0.6, 1.0), (0.0, 0.0, 0.55)])
def test_the_correlation_is_measured_also_where_the_poorer_half_was_dropped(
    correlation: float, least: float, most: float
) -> None:
    rng = np.random.default_rng(3)
    true, apart = (rng.normal(0, 0.03, (20, 1)) + rng.normal(0, 0.02, (20, 6)) for _ in range(2))
    noise = Noise(np.full(6, 1e-5), np.full(6, 2e-5))
    kept = rng.normal(0, 1e-5**0.5, (20, 6))
    seen, of_small = (kept + rng.normal(0, 2e-5**0.5, (20, 6)) for _ in range(2))
    small = 0.8 * (correlation * true + (1 - correlation**2) ** 0.5 * apart) + of_small
    trainings = np.ones((20, 6)) * (small.mean(axis=1) > np.median(small.mean(axis=1)))[:, None]
    found = measured(Known(true + seen, trainings, noise, small=Small(small, 0.85, 0.8)), equal_weights(6))
    assert least <= found.mean <= most
    assert found.low <= correlation + 0.05
    assert found.high >= correlation - 0.05
    assert found.pairs == 60


def test_small_sets_cost_less_and_cost_regret_where_they_tell_little(repository: Path) -> None:
    simulation: dict[str, Any] = runpy.run_path(str(repository / "performance/race.py"))
    compared, worlds = simulation["compared"], simulation["SMALL_WORLDS"]
    full, told, little = (
        compared(name, worlds[f"published, {name}"], 150, 5, Terms())
        for name in ("full sets", "small sets", "small sets that tell little")
    )
    assert told["cost"] < 0.95 * full["cost"]
    assert told["regret"] < little["regret"]
    assert told["regret"] < full["regret"] + 3 * (told["more_se"] ** 2 + full["more_se"] ** 2) ** 0.5
