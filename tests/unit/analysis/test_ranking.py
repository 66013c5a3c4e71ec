"""Ranking by the data alone: what is measured, with intervals that hold, and what such an order is worth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.ranking import Sample, pairs_in_order, rank_samples
from polyglot.intrinsic.metrics import METRICS
from polyglot.replication.published import read_published

METRIC = [METRICS[name] for name in ("prompt_diversity", "response_diversity", "reward")]
SERVED = {"gemma-3-4b": (76, 135), "llama-3.1-8b": (72, 133), "olmo-3-7b": (102, 249), "qwen-3-8b": (38, 104)}
"""Pairs of teachers in the order of their students, and all, by the authors' released scores."""


def sample(
    reward: float, *, asked: int = 60, usable: int = 40, rates: tuple[float, float] | None = (1.0, 2.0), seed: int = 0
) -> Sample:
    rng = np.random.default_rng(seed)
    status = ["ok"] * usable + ["invalid_json"] * (asked - usable)
    answers = pd.DataFrame({"status": status, "prompt_tokens": 100, "completion_tokens": 50})
    examples = pd.DataFrame(
        {
            "id": [str(place) for place in range(usable)],
            "prompt_distance": rng.uniform(0.4, 0.6, usable),
            "response_distance": rng.uniform(0.4, 0.6, usable),
            "reward": rng.normal(reward, 0.3, usable),
            "response_characters": rng.integers(100, 200, usable),
        }
    )
    return Sample(answers, examples, rates)


def ranked(samples: dict[tuple[str, str], Sample]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return rank_samples(samples, METRIC, METRIC, replicates=200, confidence=0.95, seed=0)


def test_the_better_rated_comes_first_and_its_price_is_of_all_requests() -> None:
    samples = {("good", "sw"): sample(4.0), ("bad", "sw"): sample(2.0, usable=30, seed=1)}
    rows, order = ranked(samples)
    assert list(order["teacher"]) == ["good", "bad"]
    good = rows.set_index("teacher").loc["good"]
    assert good["usd"] == pytest.approx(60 * (100 * 1 + 50 * 2) / 1e6)
    assert good["usd_per_usable"] == pytest.approx(good["usd"] / 40)
    assert good["usable_share_low"] < 40 / 60 < good["usable_share_high"]
    assert good["reward_low"] < good["reward"] < good["reward_high"]


def test_teachers_alike_are_not_told_apart() -> None:
    samples = {(f"t{number}", "sw"): sample(3.0, seed=number) for number in range(3)}
    _, order = ranked(samples)
    assert (order["rank_low"] < order["rank_high"]).all()


def test_intervals_cover_the_truth() -> None:
    inside = []
    for seed in range(60):
        rows, _ = ranked({("t", "sw"): sample(3.0, seed=seed), ("u", "sw"): sample(3.0, seed=1000 + seed)})
        inside += list((rows["reward_low"] <= 3.0) & (rows["reward_high"] >= 3.0))
    assert np.mean(inside) > 0.88  # of 120, at 95 %


def test_a_teacher_with_nothing_usable_has_no_rank_and_still_its_cost() -> None:
    samples = {("good", "sw"): sample(4.0), ("fair", "sw"): sample(3.0, seed=2), ("none", "sw"): sample(4.0, usable=0)}
    rows, order = ranked(samples)
    none = rows.set_index("teacher").to_dict("index")["none"]
    assert none["usd"] > 0
    assert math.isinf(float(none["usd_per_usable"]))
    assert pd.isna(none["score"])
    assert order.set_index("teacher")["rank"].isna().to_dict() == {"good": False, "fair": False, "none": True}


def test_without_a_price_there_is_none() -> None:
    rows, _ = ranked({("a", "sw"): sample(4.0, rates=None), ("b", "sw"): sample(3.0, seed=1)})
    assert rows.set_index("teacher")["usd"].isna().to_dict() == {"a": True, "b": False}


def test_pairs_are_counted_within_languages_and_ties_left_out() -> None:
    cells = pd.DataFrame({"lang": ["a"] * 3 + ["b"] * 2, "score": [1, 2, 3, 1, 1], "gain": [1, 3, 2, 5, 6]})
    assert pairs_in_order(cells, "score", "gain") == (2, 3)


def test_the_page_says_how_often_published_scores_ordered_pairs_right(repository: Path) -> None:
    students = read_published(repository / "config/published")["released_students"]
    found = {str(base): pairs_in_order(rows, "intrinsic", "student_score") for base, rows in students.groupby("base")}
    assert found == SERVED
    text = (repository / "docs/howto/rank.md").read_text(encoding="utf-8")
    for base, (same, every) in SERVED.items():
        assert f"| {base} | {same} of {every} |" in text
    same, every = (sum(pair[place] for pair in SERVED.values()) for place in (0, 1))
    assert f"{same} of {every}" in text
