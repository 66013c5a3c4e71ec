"""What one more rung of a race would bring: as simulated rungs do on average; and when the first rung says that all are equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyglot.scoring.race_columns import Known, Noise
from polyglot.scoring.race_value import doubt, regret_after_one_more
from polyglot.scoring.racing import standing


def test_one_more_rung_brings_what_was_expected_on_average() -> None:
    """Teachers as the posterior's grid has them, so that its beliefs are right; the tolerance is three standard errors."""
    rng = np.random.default_rng(0)
    noise = Noise(np.full(3, 2e-5), np.full(3, 1.5e-4))
    alive = np.ones(5, bool)
    now, expected, found = [], [], []
    for _ in range(80):
        true = rng.normal(0, 0.009, (5, 1)) + rng.normal(0, 0.005, (5, 3)) + rng.normal(0, 2e-5**0.5, (5, 3))
        single = true[..., None] + rng.normal(0, 1.5e-4**0.5, (5, 3, 2))
        one, two = (Known(single[..., :count].mean(axis=-1), np.full((5, 3), count), noise) for count in (1, 2))
        now.append(float(standing(one, alive, rng, number=1000).regret))
        expected.append(regret_after_one_more(one, alive, rng, number=1000))
        found.append(float(standing(two, alive, rng, number=1000).regret))
    apart = np.subtract(expected, found)
    assert abs(apart.mean()) < 3 * apart.std(ddof=1) / 80**0.5
    assert np.mean(found) < 0.9 * np.mean(now)
    assert (np.array(expected) <= np.array(now) + 5e-4).all()


def test_training_again_whom_nobody_doubts_brings_nothing() -> None:
    known = Known(np.array([[0.6], [0.4]]), np.ones((2, 1)), Noise(np.array([1e-5]), np.array([1e-5])))
    assert regret_after_one_more(known, np.array([True, False]), np.random.default_rng(0)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("states", "rung", "end", "said"),
    [
        (["leads", "stays", "stays", "stays"], 1, "", True),
        (["leads", "stays", "stays", "dropped"], 1, "", True),
        (["leads", "stays", "dropped", "dropped"], 1, "", False),
        (["leads", "stays", "stays", "stays"], 2, "", False),
        (["leads", "stays", "stays", "stays"], 1, "regret", False),
        (["leads", "stays"], 1, "", False),
    ],
)
def test_the_first_rung_says_when_teachers_are_about_equal(states: list[str], rung: int, end: str, said: bool) -> None:
    table = pd.DataFrame({"state": states, "rung": rung, "end": end, "trainings": 1, "regret": 0.0031})
    told = doubt(table)
    assert bool(told) == said
    left = sum(state != "dropped" for state in states)
    assert not said or (told.startswith(f"{left} of 4 teachers may still be the best") and "0.0031" in told)


@pytest.mark.parametrize(
    ("states", "rung", "said"),
    [
        (["leads", "stays", "stays", "dropped", "dropped", "dropped"], 1, False),
        (["leads", "stays", "stays", "stays", "stays", "dropped"], 1, True),
        (["leads", "stays", "stays", "stays", "stays", "stays"], 0, False),
    ],
)
def test_whom_a_small_set_dropped_counts_among_the_teachers(states: list[str], rung: int, said: bool) -> None:
    trained = [int(rung > 0 and state != "dropped") for state in states]
    told = doubt(pd.DataFrame({"state": states, "rung": rung, "end": "", "trainings": trained, "regret": 0.0031}))
    assert bool(told) == said
    assert not said or told.startswith("5 of 6 teachers")
