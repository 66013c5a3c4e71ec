"""Perplexity that a few answers cannot decide (large simulations: performance/intervals.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.scoring.resampling import weighted_medians
from polyglot.scoring.scores import score_cells
from polyglot.scoring.sensitivity import sensitivity
from tests.known_truth import perplexity_agreement, perplexity_coverage
from tests.unit.scoring.test_scores import measured


@pytest.mark.parametrize("kind", ["wide", "odd"])
def test_the_interval_of_the_median_covers_under_heavy_tails(kind: str) -> None:
    """That of the mean covers 87 % of wide tails, and 38 % with a thousandth of extreme answers."""
    found = perplexity_coverage(kind, 600, studies=250)
    assert 0.92 <= found["perplexity_median"] <= 0.98
    assert found["perplexity"] < 0.92


def test_the_median_agrees_with_the_share_of_right_answers_although_some_are_odd() -> None:
    found = perplexity_agreement(40, odd=0.01)
    assert found["median"] > 0.9 > found["corpus"] > found["mean"]


def test_a_median_of_counts_is_that_of_the_resample() -> None:
    rng = np.random.default_rng(0)
    values = np.append(rng.normal(size=20), np.nan)
    counts = rng.multinomial(21, np.full(21, 1 / 21), size=50).astype(float)
    counts[:, :20] += 1  # so that no resample holds NaN alone
    expected = [np.nanmedian(np.repeat(values, row.astype(int))) for row in counts]
    np.testing.assert_allclose(weighted_medians(values, counts), expected)


def test_one_odd_answer_moves_the_published_scores_and_not_ours() -> None:
    """The mean of one cell goes to a hundredfold; its median stays."""
    usual = measured(perplexity_corpus=[1.5, 2.0, 2.5, 3.0], perplexity_median=[1.4, 1.9, 2.4, 2.9])
    odd = usual.assign(perplexity=[200.0, 3.0, 4.0, 5.0])
    before, after = (score_cells(frame, alpha=0.5, confidence=0.95)[0] for frame in (usual, odd))
    pd.testing.assert_series_equal(before["pg_signsafe"], after["pg_signsafe"])
    for name in ("pg_released", "pg_paper"):
        assert (before[name] - after[name]).abs().max() > 0.1
    z = np.mean([after["z_perplexity_median"], *(after[f"z_{name}"] for name in INTRINSIC[:3])], axis=0)
    np.testing.assert_allclose(after["intrinsic"], z)
    mean, _ = score_cells(odd, alpha=0.5, confidence=0.95, perplexity="mean")
    np.testing.assert_allclose(mean["intrinsic"], after["intrinsic_published"])


def test_sensitivity_varies_the_measure() -> None:
    frame = measured(perplexity_corpus=[1.5, 2.0, 2.5, 3.0], perplexity_median=[1.4, 1.9, 2.4, 2.9])
    found = sensitivity(frame, alpha=0.5, definition="signsafe", confidence=0.95).query("choice == 'perplexity'")
    assert found["value"].unique().tolist() == ["mean", "corpus", "median"]
    assert found.query("value == 'median'")["spearman"].eq(1).all()
