"""Lexical diversity: words of any script, exact numbers, and intervals that hold the truth."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.intrinsic.jackknife import jackknife_values
from polyglot.intrinsic.lexical import compression_ratio, distinct_2, distinct_pairs, words
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.scores import interval

SIMULATED = 300


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Der Hund – das „Tier“ – bellt!", ["der", "hund", "das", "tier", "bellt"]),
        ("L'eau à 3.5 °C, don't?", ["l'eau", "à", "3.5", "c", "don't"]),
        ("ذَهَبَ الولدُ، إلى البيت؟", ["ذَهَبَ", "الولدُ", "إلى", "البيت"]),
        ("क्या हाल है।", ["क्या", "हाल", "है"]),
        ("東京は、大きい。", ["東", "京", "は", "大", "き", "い"]),
        ("GPUを2つ買う", ["gpu", "を", "2", "つ", "買", "う"]),
        ("… – 🙂 !", []),
    ],
)
def test_words_are_parted_by_spaces_and_punctuation_or_are_characters(text: str, found: list[str]) -> None:
    assert list(words(text)) == found


def share(responses: Sequence[str]) -> float:
    pairs = [pair for response in responses for pair in pairwise(response.split())]
    return len(set(pairs)) / len(pairs) if pairs else float("nan")


def test_distinct_2_of_known_texts() -> None:
    assert np.mean(distinct_2([], ["a b c", "a b d", "e f"])) == pytest.approx(4 / 5)
    assert np.mean(distinct_2([], ["a b a b", "a b a b"])) == pytest.approx(2 / 6)
    assert np.isnan(distinct_2([], ["one", "two"])).all()
    assert np.isnan(distinct_2([], ["only this", "one"])).all()  # without the first no pair is left
    assert distinct_2([], []) == []


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=5).map(" ".join), min_size=2, max_size=8))
def test_a_response_is_left_out_exactly(responses: list[str]) -> None:
    without = [share(responses[:place] + responses[place + 1 :]) for place in range(len(responses))]
    expected = jackknife_values(share(responses), without, range(len(responses)))
    assert distinct_2([], responses) == pytest.approx(expected)
    assert np.mean(distinct_2([], responses)) == pytest.approx(share(responses))


def test_compression_ratio_is_that_of_all_responses_together() -> None:
    responses = [f"answer {number} of many answers" for number in range(25)]
    joined = "\n".join(responses).encode()
    found = compression_ratio([], responses)
    assert np.mean(found) == pytest.approx(len(joined) / len(zlib.compress(joined)))
    assert len(set(found[:10])) > 1
    assert found[0] == found[10] == found[20]
    assert np.mean(compression_ratio([], ["same words again"] * 25)) > np.mean(found)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30))
def test_of_a_mean_jackknife_values_are_the_examples_own_but_for_their_spread(values: list[float]) -> None:
    numbers = np.array(values)
    n = len(numbers)
    without = [float(np.delete(numbers, place).mean()) for place in range(n)]
    found = np.array(jackknife_values(float(numbers.mean()), without, range(n)))
    np.testing.assert_allclose(found - numbers.mean(), (numbers - numbers.mean()) * np.sqrt(n / (n - 1)), atol=1e-9)


def set_of(rng: np.random.Generator, examples: int) -> list[str]:
    """Responses about ten topics, of words as frequent as in texts (Zipf)."""
    frequency = 1 / np.arange(1, 201)
    found = []
    for topic in rng.integers(10, size=examples):
        picked = rng.choice(200, size=rng.integers(3, 24), p=frequency / frequency.sum())
        found.append(" ".join(f"w{word:x}" for word in (picked + 7 * topic * rng.integers(2)) % 200))
    return found


@pytest.mark.parametrize("measure", [distinct_2, compression_ratio])
def test_intervals_of_set_numbers_hold_their_expected_value_at_that_size(
    measure: Callable[[Sequence[str], Sequence[str]], list[float]],
) -> None:
    rng = np.random.default_rng(0)
    points, ends = [], []
    for _ in range(SIMULATED):
        values = np.array(measure([], set_of(rng, 60)))
        points.append(values.mean())
        ends.append(interval(resample_means(values[:, None], 200, rng)[:, 0], 0.95))
    low, high = np.array(ends).T
    truth = np.mean(points)
    assert 0.92 <= np.mean((low <= truth) & (truth <= high)) <= 0.99


def test_both_depend_on_the_size_of_the_set_which_is_why_only_equal_sizes_compare() -> None:
    texts = set_of(np.random.default_rng(1), 400)
    assert np.mean(distinct_2([], texts)) < np.mean(distinct_2([], texts[:100])) - 0.05
    assert np.mean(compression_ratio([], texts)) > np.mean(compression_ratio([], texts[:100])) + 0.05


def test_distinct_pairs_are_pairs_of_prompt_and_response() -> None:
    values = distinct_pairs(["a", "a", "b", "b"], ["x", "x", "x", "y"])
    assert np.mean(values) == pytest.approx(3 / 4)
    assert np.isnan(distinct_pairs(["a"], ["x"])).all()
