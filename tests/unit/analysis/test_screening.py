"""Screening: the prediction of a candidate never uses its own students, and says how far it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.screening import cross_validate, predict_gain, predictors, sample_metrics, screening_cost
from polyglot.intrinsic.metrics import METRICS, STANDARD, Metric
from polyglot.scoring.measurements import NO_DATA


def cells(teachers: int, seed: int = 0) -> pd.DataFrame:
    """Cells whose gain follows the reward."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(teachers):
        for lang in ("de", "id", "ar"):
            reward = 2 + 0.2 * number + rng.normal(scale=0.1)
            rows.append(
                {
                    "teacher": f"t{number}",
                    "lang": lang,
                    "prompt_diversity": rng.uniform(0.5, 0.7),
                    "response_diversity": rng.uniform(0.5, 0.7),
                    "reward": reward,
                    "perplexity": np.exp(1 - 0.2 * reward + rng.normal(scale=0.01)),
                    "prompt_tokens": rng.uniform(20, 25),
                    "response_tokens": rng.uniform(20, 25),
                    "gain": 0.1 * reward + rng.normal(scale=0.01),
                }
            )
    return pd.DataFrame(rows)


def test_a_candidate_is_predicted_from_the_others() -> None:
    known = cells(10)
    spoilt = known.assign(gain=known["gain"].where(known["teacher"] != "t9", -100.0))
    clean, dirty = (
        predict_gain(known, frame, components=2, confidence=0.95).query("teacher == 't9'").set_index("lang")
        for frame in (known, spoilt)
    )
    pd.testing.assert_series_equal(clean["prediction"].sort_index(), dirty["prediction"].sort_index())
    assert set(clean["learned_from"]) == {27}
    assert (dirty["actual"] == -100).all()


def test_good_candidates_come_first_and_intervals_hold_most_gains() -> None:
    known = cells(12)
    found = predict_gain(known, known, components=3, confidence=0.95)
    assert found.groupby("lang")["rank"].min().eq(1).all()
    predicted = found.dropna(subset=["prediction"])  # the others are outside what was seen
    assert len(predicted) >= len(found) / 2
    inside = (predicted["low"] <= predicted["actual"]) & (predicted["actual"] <= predicted["high"])
    assert inside.mean() > 0.85
    assert found["prediction"].corr(found["actual"], method="spearman") > 0.6


def test_where_no_candidate_has_data_none_is_predicted_and_each_says_why() -> None:
    """A sample of few requests, of which no teacher's answers can be used."""
    empty = cells(2).assign(**{metric.name: np.nan for metric in STANDARD})
    found = predict_gain(empty, cells(10), components=2, confidence=0.95)
    assert found["prediction"].isna().all()
    assert set(found["reason"]) == {NO_DATA}


def test_a_candidate_that_is_new_has_no_actual_gain_and_one_without_data_no_prediction() -> None:
    new = cells(8)[lambda frame: frame["teacher"] == "t3"].reset_index(drop=True).assign(teacher="new")
    new.loc[0, ["reward", "perplexity", "prompt_diversity"]] = np.nan
    found = predict_gain(new, cells(8), components=2, confidence=0.95).set_index("lang")
    assert found["actual"].isna().all()
    assert found["prediction"].isna().sum() == 1
    assert found.loc[found["prediction"].isna(), "reason"].iloc[0] == "fewer than two usable answers"
    assert set(found["learned_from"]) == {24}


def test_outside_of_what_was_seen_there_is_no_number_and_the_ranges_are_said() -> None:
    known = cells(8)
    new = known[known["teacher"] == "t3"].assign(teacher="new")
    new.loc[new["lang"] == "de", "perplexity"] = 803.0
    found = predict_gain(new, known, components=2, confidence=0.95).set_index("lang")
    assert found.loc["de", ["prediction", "low", "high", "rank"]].isna().all()
    low, high = known["perplexity"].min(), known["perplexity"].max()
    assert found.loc["de", "reason"] == f"outside what was seen: perplexity 803.00, seen {low:.2f} to {high:.2f}"
    assert found.drop("de")["prediction"].notna().all()


def test_the_calibration_is_out_of_sample_too() -> None:
    found = cross_validate(cells(8), components=2, confidence=0.95, permutations=99, seed=0).set_index("validation")
    assert {"in_sample", "leave_one_teacher_out", "leave_one_lang_out"} <= set(found.index)


def sample_files(folder: Path, examples: int) -> dict[str, str]:
    numbers = np.arange(examples) + 1.0
    columns = {
        "diversity": ("prompt_distance", "response_distance"),
        "reward": ("reward",),
        "perplexity": ("perplexity", "prompt_tokens", "response_tokens"),
        "distinct_2": ("distinct_2",),
    }
    for kind, names in columns.items():
        pd.DataFrame({"id": [f"{number:.0f}" for number in numbers], **dict.fromkeys(names, numbers)}).to_parquet(folder / kind)
    return {kind: str(folder / kind) for kind in columns}


def test_a_sample_has_every_metric_of_the_study_and_one_that_is_too_small_none(tmp_path: Path) -> None:
    metrics = [*STANDARD, METRICS["distinct_2"]]
    small = sample_metrics(sample_files(tmp_path, 1), metrics)
    assert small.pop("examples") == 1
    assert list(small) == [*(metric.name for metric in metrics), "perplexity_median"]
    assert np.isnan([*small.values()]).all()
    found = sample_metrics(sample_files(tmp_path, 3), metrics)
    assert found == {**dict.fromkeys([*(metric.name for metric in metrics), "perplexity_median"], 2.0), "examples": 3}


def test_perplexity_is_taken_as_the_definition_takes_it() -> None:
    known = cells(8).assign(perplexity_median=2.0)

    def names(*choice: Any) -> set[str]:
        return {metric.name for metric in predictors(STANDARD, known, *choice)}

    assert names() - names("released", "median") == {"perplexity_median"}
    assert names("signsafe", "corpus") == names("paper", "median") == {metric.name for metric in STANDARD}


def test_a_metric_that_depends_on_the_size_of_the_set_is_shown_and_not_predicted_from() -> None:
    known, metrics = cells(8), [*STANDARD, METRICS["distinct_2"]]
    wild = known.assign(distinct_2=np.random.default_rng(1).normal(size=len(known)))
    alone, beside = (
        predict_gain(frame, frame, components=2, confidence=0.95, metrics=using)
        for frame, using in ((known, STANDARD), (wild, metrics))
    )
    pd.testing.assert_frame_equal(alone, beside[alone.columns])
    assert "distinct_2" in beside.columns


def test_a_further_metric_predicts_where_the_finished_study_has_it_too() -> None:
    known, told = cells(8), Metric("told", "told", measure=lambda prompts, responses: [0.0] * len(prompts))
    both = known.assign(told=known["gain"])
    assert [metric.name for metric in predictors([*STANDARD, told], known)] == [metric.name for metric in STANDARD]
    assert predictors([*STANDARD, told], both)[-1] == told
    settings = {"components": 6, "confidence": 0.95}
    without = predict_gain(both, known, **settings, metrics=[*STANDARD, told])  # type: ignore[arg-type]
    with_it = predict_gain(both, both, **settings, metrics=[*STANDARD, told])  # type: ignore[arg-type]
    errors = [(frame["prediction"] - frame["actual"]).abs().mean() for frame in (without, with_it)]
    assert errors[1] < errors[0]


def test_cost_beside_the_full_study() -> None:
    answers = pd.DataFrame({"teacher": ["a"] * 10, "prompt_tokens": 5, "completion_tokens": 15})
    jobs = pd.DataFrame(
        [("synthesize", True, 2, 36.0), ("student", False, 4, 72.0), ("evaluate_student", False, 4, 36.0)],
        columns=["rule", "screened", "jobs", "seconds"],
    )
    found = screening_cost(answers, jobs, requests=100, students=10, teachers=["a"])
    assert found[["what", "requests", "tokens", "students"]].to_numpy().tolist() == [
        ["screening", 10, 200, 0],
        ["full study", 100, 2000, 10],
    ]
    assert found["hours"].to_list()[1] == pytest.approx((36 * 10 + 10 * (18 + 9)) / 3600)
    untrained = screening_cost(answers, jobs[jobs["screened"]], requests=100, students=10, teachers=["a"])
    assert untrained["hours"].isna().to_list() == [False, True]
