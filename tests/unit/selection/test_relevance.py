"""Maximal marginal relevance: against a full search of the formula, on small and on larger sets, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.selection import relevance
from polyglot.selection.embeddings import read_embeddings, text_of, write_embeddings
from polyglot.selection.orders import by_quality
from polyglot.selection.relevance import STEPS, marginal_relevance
from polyglot.selection.rules import select

WITHIN = 2 / STEPS


def marginal(quality: Any, embeddings: Any, chosen: list[int], weight: float) -> Any:
    """The formula as it is written, in float64, with all similarities."""
    low, high = quality.min(), quality.max()
    scaled = (quality - low) / (high - low) if high > low else np.zeros(len(quality))
    units = embeddings.astype(float)
    units = units / np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-30)
    nearest = (units @ units[chosen].T).max(axis=1) if chosen else np.full(len(quality), -1.0)
    return weight * scaled - (1 - weight) * nearest


def assert_greedy(quality: Any, embeddings: Any, taken: list[int], weight: float) -> None:
    """Every sample taken had the highest score of those left, up to rounding."""
    assert len(set(taken)) == len(taken)
    for place, row in enumerate(taken):
        scores = marginal(quality, embeddings, taken[:place], weight)
        left = np.setdiff1d(np.arange(len(quality)), taken[:place])
        assert scores[row] >= scores[left].max() - WITHIN, (place, row)


PLACES = st.lists(st.integers(-2, 2), min_size=3, max_size=3)
POINTS = st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), PLACES), min_size=1, max_size=25)


@given(points=POINTS, share=st.floats(0, 1), weight=st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), block=st.integers(1, 4))
def test_each_sample_taken_has_the_highest_score_of_those_left(
    points: list[tuple[float, list[int]]], share: float, weight: float, block: int
) -> None:
    """Small blocks, so that bounds are outdated and blocks end before the choice does."""
    quality = np.array([score for score, _ in points])
    embeddings = np.array([place for _, place in points], dtype=np.float32)
    order = by_quality([f"{place:02}" for place in range(len(points))], quality)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relevance, "LEAST", block)
        patch.setattr(relevance, "CHUNK", 2)
        patch.setattr(relevance.LazySearch, "block", block)
        taken = [int(row) for row in marginal_relevance(order, quality, embeddings, round(share * len(points)), weight)]
    assert len(taken) == round(share * len(points))
    assert_greedy(quality, embeddings, taken, weight)


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("alike", [0.2, 1.0])
def test_of_more_samples_than_a_block_the_result_is_that_of_the_full_search(weight: float, alike: float) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 16))
    embeddings = (centres[rng.integers(0, 20, 1500)] + alike * rng.normal(size=(1500, 16))).astype(np.float32)
    quality = rng.random(1500)
    order = by_quality([f"{place:04}" for place in range(1500)], quality)
    taken = [int(row) for row in marginal_relevance(order, quality, embeddings, 200, weight)]
    assert_greedy(quality, embeddings, taken, weight)


def test_copies_of_one_text_are_taken_last_and_many_of_them_end() -> None:
    embeddings = np.repeat(np.eye(8, dtype=np.float32), 500, axis=0)
    quality = np.full(4000, 0.5)
    ids = [f"{place:04}" for place in range(4000)]
    rows = select(ids, quality, np.zeros(4000, dtype=np.intp), rule="mmr", size=1000, embeddings=embeddings)
    assert [int(row) for row in rows[:8]] == [500 * place for place in range(8)]
    assert [int(row) for row in rows[8:]] == [place for place in range(1000) if place % 500][: 1000 - 8]


def test_weight_one_is_quality_and_weight_nought_is_the_farthest() -> None:
    rng = np.random.default_rng(1)
    embeddings, quality, ids = rng.normal(size=(60, 4)).astype(np.float32), rng.random(60), [f"{one:02}" for one in range(60)]
    clusters = np.zeros(60, dtype=np.intp)

    def by_relevance(weight: float) -> list[int]:
        rows = select(ids, quality, clusters, rule="mmr", size=20, embeddings=embeddings, weight=weight)
        return [int(row) for row in rows]

    by_score = select(ids, quality, clusters, rule="quality-only", size=20).tolist()
    assert by_relevance(1) == by_score
    farthest = by_relevance(0)
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    near = [np.triu(units[rows] @ units[rows].T, 1).max() for rows in (farthest, by_score)]
    assert near[0] < near[1]


def test_embeddings_come_back_from_their_files_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    parts = [rng.normal(size=(count, 5)).astype(np.float32) for count in (3, 0, 4)]
    files = [tmp_path / f"{place}.parquet" for place in range(3)]
    for part, file in zip(parts, files, strict=True):
        write_embeddings([str(row) for row in range(len(part))], part, file)
    assert (read_embeddings(files) == np.concatenate(parts)).all()
    assert read_embeddings([files[1]]).shape[0] == 0
    assert pd.read_parquet(files[0])["id"].tolist() == ["0", "1", "2"]
    assert text_of(pd.DataFrame({"prompt": ["a"], "response": ["b"]})) == ["a\nb"]
