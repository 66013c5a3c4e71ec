"""The build's student beside others: paired by item, best first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.publishing.comparison import compare


def outcomes(share: float, seed: int, easy: np.ndarray) -> pd.DataFrame:
    noise = np.random.default_rng(seed).normal(0, 0.05, len(easy))
    correct = (easy + noise < share).astype(float)
    frames = [
        pd.DataFrame(
            {"benchmark": name, "stratum": "all", "example_id": np.arange(len(easy)), "weight": 1 / len(easy), "correct": correct}
        ).assign(answered="", length=0)
        for name in ("one", "two")
    ]
    return pd.concat(frames, ignore_index=True)


def compared() -> pd.DataFrame:
    easy = np.random.default_rng(9).uniform(size=400)
    built, same = outcomes(0.8, 1, easy), outcomes(0.8, 2, easy)
    students = {("equal", "good"): [same, same], ("equal", "bad"): [outcomes(0.5, 3, easy)]}
    base, reference = outcomes(0.3, 4, easy), outcomes(0.9, 5, easy)
    return compare(built, students, base, reference, lang="de", replicates=200, confidence=0.95, seed=0)


def test_a_worse_student_is_shown_to_be_behind_and_an_equal_one_is_not() -> None:
    table = compared()
    mean = {(row["model"], row["teacher"]): row for row in table[table["benchmark"] == "mean"].to_dict("records")}
    assert [row["score"] for row in mean.values()] == sorted((row["score"] for row in mean.values()), reverse=True)
    assert mean["student", "bad"]["ahead_low"] > 0.2
    assert mean["base", ""]["ahead_low"] > 0.4
    assert mean["reference", ""]["ahead_high"] < 0
    equal = mean["student", "good"]
    assert equal["ahead_low"] < 0 < equal["ahead_high"]
    assert (equal["students"], equal["items"]) == (2, 800)
    assert mean["build", ""]["ahead"] == 0


def test_every_benchmark_has_its_rows() -> None:
    table = compared()
    assert dict(table.groupby("benchmark").size()) == {"mean": 5, "one": 5, "two": 5}
    assert list(dict.fromkeys(table["benchmark"])) == ["mean", "one", "two"]
