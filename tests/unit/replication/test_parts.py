"""A benchmark's part of students' mean scores is recovered from the scores alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyglot.replication.parts import Counted, part_error, reward_bench_parts, weighted_error

KNOWLEDGE, MATHS = Counted(400, ("ar", "de")), Counted(250, ("de",))
CONSTANT = 0.5183729698


def students(lang: str, parts: list[float], rights: list[tuple[int, ...]]) -> pd.DataFrame:
    """Students with these parts and these numbers of right answers in the other benchmarks, released with ten digits."""
    items = [one.items for one in (KNOWLEDGE, MATHS) if lang in one.langs]
    scores = [
        np.mean([part, *(right / count for right, count in zip(found, items, strict=True))])
        for part, found in zip(parts, rights, strict=True)
    ]
    base = {"base": "b", "lang": lang, "student_se": np.nan}
    return pd.DataFrame({"teacher": [f"t{place}" for place in range(len(parts))], "student_score": np.round(scores, 10), **base})


@pytest.mark.parametrize(
    ("lang", "rights"), [("ar", [(176,), (99,), (3,)]), ("de", [(176, 10), (99, 77), (3, 0)]), ("cs", [(), (), ()])]
)
def test_the_same_part_is_found_whatever_the_other_benchmarks_are(lang: str, rights: list[tuple[int, ...]]) -> None:
    found = reward_bench_parts(students(lang, [CONSTANT, CONSTANT, 0.5519381], rights), [KNOWLEDGE, MATHS], [CONSTANT])
    assert list(found["alike"]) == [2, 2, 1]
    assert list(found["constant"].notna()) == [True, True, False]
    others = sum(right / items for right, items in zip(rights[0], (400, 250), strict=False))
    assert found["remainder"].iloc[0] == pytest.approx(others)


def test_parts_are_compared_within_a_language() -> None:
    rows = pd.concat([students("ar", [CONSTANT], [(7,)]), students("cs", [CONSTANT], [()])])
    assert list(reward_bench_parts(rows, [KNOWLEDGE, MATHS], [])["alike"]) == [1, 1]


def test_a_parts_standard_error_is_recovered_from_that_of_the_mean() -> None:
    rows = students("ar", [CONSTANT, CONSTANT], [(176,), (99,)])
    shares = np.array([176, 99]) / 400
    rows["student_se"] = (0.0112 + np.sqrt(shares * (1 - shares) / 399)) / 2
    found = reward_bench_parts(rows, [KNOWLEDGE, MATHS], [CONSTANT])
    assert part_error(found, 400).to_list() == pytest.approx([0.0112, 0.0112])


def test_a_weighted_standard_error_is_that_of_a_simulation() -> None:
    categories, share = [[30], [40], [60, 90]], 0.5
    draws = np.random.default_rng(0)
    means = [np.mean([np.mean([draws.binomial(n, share, 20000) / n for n in one], axis=0) for one in categories], axis=0)]
    assert weighted_error(share, categories) == pytest.approx(float(np.std(means[0])), rel=0.03)
    assert weighted_error(share, [[100]]) == pytest.approx(0.05)
