"""Synthetic sets and students with cards, as they would be published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from polyglot.publishing.cards import benchmark_scores

from .conftest import Workplace

pytestmark = pytest.mark.slow

SET = "results/demo/published/data/equal/hasty/de/0"
CARD = "results/demo/published/students/nano-base/equal/hasty/de/0/README.md"


@pytest.fixture(scope="module")
def published(tiny: Workplace) -> Path:
    assert tiny.planned("publish") == {"data_set": 1, "model_card": 1, "publish": 1}
    tiny.snakemake("publish")
    return tiny.folder


def front_matter(card: str) -> dict[str, object]:
    _, head, _ = card.split("---\n", 2)
    found: dict[str, object] = yaml.safe_load(head)
    return found


def test_a_set_opens_as_a_data_set_and_is_the_training_set(published: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    opened = load_dataset(str(published / SET), split="train", cache_dir=str(tmp_path))
    trained = pd.read_parquet(published / "results/demo/sft/equal/hasty/de/0.parquet")
    pd.testing.assert_frame_equal(opened.to_pandas(), trained, check_dtype=False)


def test_a_data_card_has_numbers_flags_and_licences(published: Path) -> None:
    card = (published / SET / "README.md").read_text(encoding="utf-8")
    head = front_matter(card)
    assert head["language"] == "de"
    assert head["license"] == "apache-2.0"
    assert "synthetic" in head["tags"]  # type: ignore[operator]
    cells = pd.read_csv(published / "results/demo/scores/main/cells.csv")
    assert f"{cells['gain'].iloc[0]:+.3f} ± {cells['gain_se'].iloc[0]:.3f}" in card
    gaps = pd.read_csv(published / "results/demo/scores/main/gaps.csv")
    assert ("⚑ Distrust" in card) == bool(gaps["flagged"].iloc[0])
    statuses = pd.read_csv(published / "results/demo/analysis/synthesis_yield.csv")
    for _, row in statuses[statuses["count"] > 0].iterrows():
        assert f"| {row['method']} | {row['status']} | {row['count']} |" in card
    assert "Hasty was made by the workflow, which is under Apache-2.0." in card


def test_a_model_card_has_the_scores_of_student_base_and_reference(published: Path) -> None:
    card = (published / CARD).read_text(encoding="utf-8")
    folder = published / "results/demo/evaluation"
    scores = benchmark_scores(pd.read_parquet(folder / "students/nano-base/equal/hasty/de/0.parquet"))
    base = benchmark_scores(pd.read_parquet(folder / "anchors/nano-base/de.parquet"))
    reference = benchmark_scores(pd.read_parquet(folder / "anchors/nano-reference/de.parquet"))
    for name, score in scores.items():
        assert f"| {score:.3f} | {base[name]:.3f} | {reference[name]:.3f} |" in card
    results = front_matter(card)["model-index"][0]["results"]  # type: ignore[index]
    assert {entry["dataset"]["type"]: entry["metrics"][0]["value"] for entry in results} == pytest.approx(scores, abs=1e-6)


def test_publishing_again_does_nothing(published: Path) -> None:
    assert Workplace(published).planned("publish") == {}
