"""Mean pairwise cosine distance: an identity, so it must equal the naive matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyglot.intrinsic.diversity import distances_to_others, mean_pairwise_distance


def naive(embeddings: npt.NDArray[Any]) -> float:
    """The definition, by the n x n matrix."""
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return float(np.mean(1 - (units @ units.T)[np.triu_indices(len(units), 1)]))


embeddings = arrays(
    np.float64,
    st.tuples(st.integers(2, 40), st.integers(1, 12)),
    elements=st.floats(0.01, 100) | st.floats(-100, -0.01),
)


@given(embeddings)
def test_equals_the_naive_matrix(matrix: npt.NDArray[np.float64]) -> None:
    assert mean_pairwise_distance(matrix) == pytest.approx(naive(matrix), abs=1e-9)


@given(embeddings)
def test_is_the_mean_of_each_texts_distance_to_the_others(matrix: npt.NDArray[np.float64]) -> None:
    assert distances_to_others(matrix).mean() == pytest.approx(mean_pairwise_distance(matrix), abs=1e-9)


@given(embeddings, st.floats(0.01, 100))
def test_does_not_depend_on_scale_or_order(matrix: npt.NDArray[np.float64], scale: float) -> None:
    assert mean_pairwise_distance(matrix[::-1] * scale) == pytest.approx(mean_pairwise_distance(matrix), abs=1e-9)


def test_more_rows_than_one_chunk_and_single_precision() -> None:
    matrix = np.random.default_rng(0).normal(size=(2500, 16)).astype(np.float32)
    assert mean_pairwise_distance(matrix) == pytest.approx(naive(matrix.astype(np.float64)), abs=1e-9)


def test_known_answers() -> None:
    assert mean_pairwise_distance(np.ones((5, 3))) == pytest.approx(0, abs=1e-12)
    assert mean_pairwise_distance(np.eye(4)) == pytest.approx(1)
    assert mean_pairwise_distance(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx(2)
    assert np.isnan(mean_pairwise_distance(np.ones((1, 3))))


def test_names_the_row_of_a_zero_embedding() -> None:
    matrix = np.ones((5, 3))
    matrix[3] = 0
    with pytest.raises(ValueError, match="row 3"):
        mean_pairwise_distance(matrix)
