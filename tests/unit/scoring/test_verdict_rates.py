"""How often equal teachers get a clear choice, over all languages of a page (large simulations: performance/intervals.py)."""

from __future__ import annotations

import numpy as np
import pytest

from polyglot.core.power import POWER, smallest_gain
from tests.known_truth import Trained, clear_choices


@pytest.mark.parametrize(("teachers", "seeds", "spread", "langs"), [(2, 2, 10, 3), (4, 3, 1, 3), (10, 2, 0, 2)])
def test_equal_teachers_get_a_clear_choice_in_at_most_five_percent_of_studies(
    teachers: int, seeds: int, spread: float, langs: int
) -> None:
    """A hundred studies: with a rate of 5 %, more than 9 % are seen in one case of thirty."""
    found = clear_choices(Trained([0.05] * teachers, seeds, spread, langs, replicates=300), studies=100)
    assert found["any language"] <= 0.09, found
    assert found["mean"] <= 0.09, found


def test_a_better_teacher_gets_a_clear_choice() -> None:
    found = clear_choices(Trained([0.25, 0.05, 0.05], 3, 1, replicates=300), studies=20)
    assert found["any language"] == found["mean"] == 1


def test_the_smallest_gain_is_shown_in_four_of_five_studies() -> None:
    rng = np.random.default_rng(0)
    measured = smallest_gain(0.03, 0.95) + 0.03 * rng.normal(size=10_000)
    assert np.mean(measured > 1.96 * 0.03) == pytest.approx(POWER, abs=0.02)
