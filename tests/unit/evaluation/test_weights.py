"""Weightings: each gives weights that sum to one, whatever the items."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.lookup import UnknownName
from polyglot.evaluation.weights import WEIGHTINGS, Weighting, example_weights, strata
from polyglot.registry import load_registries

SUBSETS = ("math-prm", "hep-cpp", "easy", "hard", "refusals")


@given(
    weighting=st.sampled_from(sorted(WEIGHTINGS)),
    rows=st.lists(st.tuples(st.sampled_from(["Chat", "Reasoning", "Safety"]), st.sampled_from(SUBSETS)), min_size=1, max_size=60),
)
def test_weights_sum_to_one_and_are_equal_within_a_stratum(weighting: str, rows: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["category", "subset"]).assign(example_id=[str(n) for n in range(len(rows))])
    weights = example_weights(weighting, frame)
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()
    found = pd.DataFrame({"weight": weights.round(12), "stratum": strata(weighting, "b", frame)})
    assert (found.groupby("stratum")["weight"].nunique() == 1).all()


def test_reward_benchs_strata_are_its_subsets() -> None:
    frame = pd.DataFrame({"category": ["Chat", "Reasoning"], "subset": ["easy", "math-prm"]})
    assert list(strata("rewardbench", "m-rewardbench", frame)) == ["Chat/easy", "Reasoning/math-prm"]
    assert strata("equal", "mgsm", frame) == "mgsm"


def test_only_m_rewardbench_is_weighted_otherwise(repository: Path) -> None:
    benchmarks = load_registries(repository / "config").benchmarks
    assert {name: facts.weighting for name, facts in benchmarks.items() if facts.weighting != "equal"} == {
        "m-rewardbench": "rewardbench"
    }


def test_a_weighting_of_ones_own_must_sum_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WEIGHTINGS, "_known", dict(WEIGHTINGS._known))
    WEIGHTINGS.add("ones", Weighting("ones", lambda outcomes: pd.Series(1.0, index=outcomes.index)))
    with pytest.raises(ValueError, match="weighting 'ones': weights must be at least 0 and sum to 1; they sum to 2"):
        example_weights("ones", pd.DataFrame({"category": ["a", "a"], "subset": ["a", "a"]}))


def test_an_unknown_weighting_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown weighting 'rewardbech'; did you mean 'rewardbench'"):
        example_weights("rewardbech", pd.DataFrame())
