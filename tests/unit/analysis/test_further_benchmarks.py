"""Win rates at equal length, the judge's bias of place, and scores beside the scored benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.further_benchmarks import further_table, length_controlled
from polyglot.displays.context import Context
from polyglot.displays.tables.further_benchmarks import further_benchmarks
from polyglot.judging.pairs import both_orders, parse_verdict
from tests.simulated import values

FEW: dict[str, Any] = {"replicates": 400, "confidence": 0.95, "seed": 0}


def judge_that_likes_length(n: int, skill: float, taste: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and differences of length of a model whose answers are better by `skill` and longer by one standard deviation."""
    rng = np.random.default_rng(seed)
    difference = rng.normal(100, 100, n)
    chance = 1 / (1 + np.exp(-(skill + taste * np.tanh(difference / difference.std(ddof=1)))))
    return (rng.random(n) < chance).astype(float), difference


def test_the_win_rate_at_equal_length_is_that_of_the_model_without_the_taste_for_length() -> None:
    points, difference = judge_that_likes_length(20_000, skill=-0.4, taste=1.5, seed=0)
    controlled = length_controlled(points, difference, np.ones((1, len(points))))
    assert controlled == pytest.approx(1 / (1 + np.exp(0.4)), abs=0.015)
    assert points.mean() > 0.55


def test_the_regression_is_scikit_learns() -> None:
    """With C = 100, and ties as half a win and half a loss."""
    from sklearn.linear_model import LogisticRegression

    points, difference = judge_that_likes_length(300, skill=0.3, taste=0.8, seed=1)
    points[:60] = 0.5
    lengths = np.tanh(difference / difference.std(ddof=1))
    design = np.tile(np.stack([np.ones(300), lengths], axis=1), (2, 1))
    labels, weights = np.repeat([1, 0], 300), np.concatenate([points, 1 - points])
    fitted = LogisticRegression(C=100, fit_intercept=False, tol=1e-10).fit(design, labels, sample_weight=weights)
    found = length_controlled(points, difference, np.ones((1, 300)))
    assert found == pytest.approx(1 / (1 + np.exp(-fitted.coef_[0, 0])), abs=1e-5)


@pytest.mark.parametrize("points", [np.ones(20), np.zeros(20)])
def test_a_model_that_always_wins_or_loses_has_a_win_rate(points: np.ndarray) -> None:
    difference = np.linspace(-50, 50, 20)
    found = length_controlled(points, difference, np.ones((2, 20)))
    assert found == pytest.approx(points[:2], abs=0.01)
    same = length_controlled(np.tile([1.0, 0.0], 10), np.zeros(20), np.ones((1, 20)))
    assert same == pytest.approx(0.5)


def compared(n: int = 300) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes and verdicts of a judge that prefers the first place in two of three undecided pairs."""
    rng = np.random.default_rng(0)
    words = {1: "[[A]]", -1: "[[B]]", 0: "[[C]]"}
    better, first = rng.random(n) < 0.5, rng.random(n) < 1 / 3
    forward = [words[1 if win or place else -1] for win, place in zip(better, first, strict=True)]
    backward = [words[1 if not win or place else -1] for win, place in zip(better, first, strict=True)]
    outcome = both_orders([parse_verdict(text) for text in forward], [parse_verdict(text) for text in backward])
    value = (outcome + 1) / 2
    names = [f"{place:03d}" for place in range(n)]
    named = {"benchmark": "win-rate", "lang": "de", "example_id": names}
    verdicts = pd.DataFrame({**named, "turn": 1, "value": value, "forward": forward, "backward": backward})
    verdicts = verdicts.assign(length=rng.integers(50, 90, n), reference_length=rng.integers(50, 90, n), problem=None)
    outcomes = pd.DataFrame({**named, "stratum": "win-rate", "weight": 1 / n, "correct": value})
    return outcomes, verdicts


def test_the_judges_bias_is_measured_and_the_win_rate_is_free_of_it() -> None:
    outcomes, verdicts = compared()
    key = ("base", "equal", "teacher", "de")
    table = further_table({key: [outcomes]}, {key: [verdicts]}, {"win-rate": "compared"}, **FEW)
    row = table.iloc[0]
    assert row["score"] == pytest.approx(verdicts["value"].mean())
    assert row["score_low"] < row["score"] < row["score_high"]
    assert row["controlled"] == pytest.approx(row["score"], abs=0.02)
    assert row["first_place"] == pytest.approx(0.5 + 1 / 6, abs=0.03)
    assert row["first_place_low"] > 0.6
    assert row["consistent"] == pytest.approx(2 / 3, abs=0.06)
    assert (row["n"], row["unread"]) == (300, 0)


def test_first_and_later_turns_are_shown_by_themselves() -> None:
    outcomes, first = compared()
    second = first.assign(turn=2, value=0.25)
    second.loc[second.index[:30], "value"] = np.nan  # a verdict that could not be read
    verdicts = pd.concat([first, second])
    key = ("base", "equal", "teacher", "de")
    found = further_table({key: [outcomes]}, {key: [verdicts]}, {"win-rate": "compared"}, **FEW)
    row = found.iloc[0]
    assert row["first_turn"] == pytest.approx(first["value"].mean())
    assert row["first_turn_low"] < row["first_turn"] < row["first_turn_high"]
    assert row[["later_turns", "later_turns_low", "later_turns_high"]].tolist() == pytest.approx([0.25] * 3)
    context = Context.of(values(["teacher"], ["base"], ["equal"], 1, "signsafe"))
    assert further_benchmarks(context, found).shown["later turns"].tolist() == ["0.250 [0.250, 0.250]"]
    single = further_table({key: [outcomes]}, {key: [first]}, {"win-rate": "compared"}, **FEW)
    assert single[["first_turn", "later_turns"]].isna().all(axis=None)
    assert "first turn" not in further_benchmarks(context, single).shown
    pd.testing.assert_series_equal(single["score_low"], found["score_low"])


def test_several_trainings_of_a_student_are_pooled_by_item() -> None:
    outcomes, verdicts = compared()
    key = ("base", "equal", "teacher", "de")
    one = further_table({key: [outcomes]}, {key: [verdicts]}, {"win-rate": "compared"}, **FEW)
    two = further_table({key: [outcomes] * 2}, {key: [verdicts] * 2}, {"win-rate": "compared"}, **FEW)
    for column in ("score", "score_low", "score_high", "first_place", "first_place_low"):
        assert two[column].iloc[0] == pytest.approx(one[column].iloc[0], abs=1e-9)


def test_other_forms_have_a_score_alone() -> None:
    outcomes, _ = compared()
    texts = outcomes.assign(benchmark="native-text", correct=0.5)
    table = further_table({("base", "", "base", "de"): [texts]}, {}, {"native-text": "perplexity", "other": "rated"}, **FEW)
    assert table["score"].tolist() == pytest.approx([0.5])
    assert table[["controlled", "first_place", "consistent"]].isna().all(axis=None)


def test_an_interval_stays_within_what_a_score_can_be() -> None:
    outcomes, _ = compared()
    parts = outcomes.assign(benchmark="translation", correct=[1.0] * (len(outcomes) - 1) + [0.4])
    parts.loc[parts.index[0], "correct"] = 1.3  # a corpus's score is a mean of parts, some of which are above 1
    table = further_table({("base", "", "base", "de"): [parts]}, {}, {"translation": "chrf"}, **FEW)
    assert 0 <= table["score_low"].iloc[0] < table["score"].iloc[0] <= table["score_high"].iloc[0] == 1
