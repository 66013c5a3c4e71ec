"""Amounts: no more is asked than is lacking, and what it costs is said before."""

from __future__ import annotations

import pandas as pd
import pytest

from polyglot.publishing.amounts import plan_row, plan_text, price_of, still_to_ask

PAST = {"requests": 100, "prompt_tokens": 5000, "completion_tokens": 2000, "seconds": 360.0, "gpus": 2}


def answers(usable: int, bad: int = 0, start: int = 0) -> pd.DataFrame:
    texts = [str(number) for number in range(start, start + usable)]
    good = pd.DataFrame({"status": "ok", "prompt": texts, "response": texts})
    return pd.concat([good, pd.DataFrame({"status": ["empty"] * bad, "prompt": "", "response": ""})])


def test_nothing_is_asked_where_the_answers_suffice() -> None:
    needed, there = still_to_ask({"a": [answers(50), answers(60, start=50)], "b": [answers(100)]}, 200, {"a": 500, "b": 500})
    assert needed == {"a": 0, "b": 0}
    assert (there["a"].asked, there["a"].usable) == (110, 110)


def test_what_lacks_is_asked_of_the_methods_with_the_fewest_answers_and_by_their_yield() -> None:
    needed, _ = still_to_ask({"a": [answers(100)], "b": [answers(40, bad=40)]}, 200, {"a": 500, "b": 500})
    assert needed["a"] == 0
    assert 120 <= needed["b"] < 180  # 60 lack, and every other answer is usable


def test_a_repeated_example_counts_once_and_the_stock_is_the_limit() -> None:
    _, there = still_to_ask({"a": [answers(10), answers(10)]}, 10, {"a": 5})
    assert there["a"].usable == 10
    assert still_to_ask({"a": [answers(10)]}, 100, {"a": 5})[0] == {"a": 5}
    assert 20 <= still_to_ask({"a": []}, 10, {"a": 100})[0]["a"] <= 60  # nothing is known of a new teacher's yield


def test_a_price_is_that_of_the_teachers_earlier_answers() -> None:
    found = price_of(50, PAST, rates=(1.0, 10.0), usual=(700, 600))
    assert (found["prompt_tokens"], found["completion_tokens"]) == (2500, 1000)
    assert found["usd"] == pytest.approx((2500 + 10_000) / 1e6)
    assert found["gpu_hours"] == pytest.approx(0.1)
    new = price_of(50, None, rates=None, usual=(700, 600))
    assert (new["prompt_tokens"], new["usd"], new["gpu_hours"]) == (35_000, None, None)


def test_the_plan_shows_every_language_and_the_sum() -> None:
    choice = {"teacher": "good", "recipe": "equal-200", "size": 200}
    rows = [
        plan_row(lang, choice, 50, PAST, rates=None, usual=(1, 1), usd_per_gpu_hour=price)
        for lang, price in (("de", 2.0), ("id", None))
    ]
    text = plan_text(pd.DataFrame(rows), "demo")
    assert "| de | good | 200 | 50 | 2,500 | 1,000 | 0.20 | 0.10 |" in text
    assert "| id | good | 200 | 50 | 2,500 | 1,000 | not known | 0.10 |" in text
    assert "| all |  | 400 | 100 | 5,000 | 2,000 | 0.20 | 0.20 |" in text
