"""The quality model: what it learns from, that it learns, and how well it tells good from bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from polyglot.configuration import Selection
from polyglot.embedding import SentenceTransformersEmbedder
from polyglot.nano.corruption import CORRUPTIONS, corrupted_responses
from polyglot.nano.world import World
from polyglot.registry import Registries, load_registries, local_folder
from polyglot.selection.pairs import COLUMNS, read_pairs, triplets
from polyglot.selection.quality import score, train_quality_model
from polyglot.selection.validity import auc, validity


def test_corruptions_are_what_they_say(world: World) -> None:
    rows = corrupted_responses(world, ["de", "id"], examples=40, seed=0, split="pretrain")
    assert rows["lang"].value_counts().to_dict() == {"de": 40, "id": 40}
    assert not rows.duplicated(["lang", "instruction"]).any()
    for row in rows.to_dict("records"):
        assert row["broken_fluency"] != row["gold"]
        assert sorted(row["broken_fluency"].split()) == sorted(row["gold"].split())
        assert row["gold"].startswith(row["truncated"])
        assert 0 < len(row["truncated"]) < len(row["gold"])
        assert row["wrong_answer"] != row["gold"]
        assert row["wrong_language"] != row["gold"]
    again = corrupted_responses(world, ["de", "id"], examples=40, seed=0, split="pretrain")
    pd.testing.assert_frame_equal(rows, again)
    known = set(rows["gold"])
    held_out = corrupted_responses(world, ["de"], examples=40, seed=0, split="seed", known=known)
    assert len(held_out) == 40
    assert not set(held_out["instruction"]) & set(rows["instruction"])
    assert not set(held_out["gold"]) & known
    long = triplets(rows, held_out=False)
    assert list(long.columns) == list(COLUMNS)
    assert len(long) == 80 * len(CORRUPTIONS)


def test_pairs_of_an_expert_are_read_and_split_by_instruction(tmp_path: Path) -> None:
    rows = [{"instruction": f"ask {n % 20}", "revised": f"good {n}", "original": f"bad {n}", "lang": "de"} for n in range(60)]
    rows.append({"instruction": "same", "revised": "x", "original": "x", "lang": "de"})
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = read_pairs(path, held_out=0.3, seed=0)
    assert len(found) == 60
    assert (found.groupby("anchor")["held_out"].nunique() == 1).all()
    assert 0 < found["held_out"].mean() < 0.6
    path.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[1] | {"revised": " "}))
    with pytest.raises(ValueError, match=r"pairs\.jsonl: row 2: no text in column 'revised'"):
        read_pairs(path, held_out=0.3, seed=0)
    path.write_text(json.dumps(rows[0]))
    with pytest.raises(ValueError, match=r"of 1 instructions, none is left to .*selection\.held_out"):
        read_pairs(path, held_out=0.3, seed=0)
    path.write_text(json.dumps(rows[-1]))
    with pytest.raises(ValueError, match="no response was changed by its revision"):
        read_pairs(path, held_out=0.3, seed=0)
    path.write_text(json.dumps({"instruction": "a", "response": "b"}))
    with pytest.raises(ValueError, match=r"missing column\(s\): revised, original"):
        read_pairs(path, held_out=0.3, seed=0)


def test_auc_is_that_of_scikit_learn_and_counts_ties_half() -> None:
    rng = np.random.default_rng(0)
    good, bad = rng.integers(1, 7, 40).astype(float), rng.integers(0, 6, 40).astype(float)
    expected = roc_auc_score([1] * 40 + [0] * 40, [*good, *bad])
    assert auc(good, bad, np.ones((1, 40)))[0] == pytest.approx(expected)
    counts = rng.multinomial(40, np.full(40, 1 / 40)).astype(float)
    repeated = [np.repeat(values, counts.astype(int)) for values in (good, bad)]
    expected = roc_auc_score([1] * 40 + [0] * 40, np.concatenate(repeated))
    assert auc(good, bad, counts[None])[0] == pytest.approx(expected)


def test_validity_has_intervals_by_kind_and_language() -> None:
    rng = np.random.default_rng(0)
    held_out = pd.DataFrame({"lang": ["de", "id"] * 100, "kind": ["x"] * 100 + ["y"] * 100})
    better = rng.normal(size=200) + 2, rng.normal(size=200)
    chance = rng.normal(size=200), rng.normal(size=200)
    found = validity(held_out, {"trained": better, "untrained": chance}, replicates=200, confidence=0.95, seed=0)
    assert list(zip(found["lang"], found["kind"], strict=True)) == [
        ("", "x"), ("", "y"), ("de", "x"), ("de", "y"), ("id", "x"), ("id", "y"),
    ]  # fmt: skip
    assert found["n"].tolist() == [100, 100, 50, 50, 50, 50]
    assert (found["difference_low"] > 0).all()
    assert found["untrained"].between(0.3, 0.7).all()
    nowhere = validity(held_out.assign(lang=""), {"trained": better, "untrained": chance}, replicates=50, confidence=0.95, seed=0)
    assert nowhere["kind"].tolist() == ["x", "y"]


@pytest.fixture(scope="module")
def registries(repository: Path) -> Registries:
    return load_registries(repository / "config")


@pytest.mark.slow
def test_training_beats_the_untrained_encoder_at_broken_fluency(registries: Registries, world: World, tmp_path: Path) -> None:
    model = registries.models["minilm"]
    start, out = local_folder(model, []), tmp_path / "quality"
    taught = corrupted_responses(world, ["de"], examples=150, seed=0, split="pretrain")
    learned = triplets(taught, held_out=False)
    settings = Selection(batch_size=16, learning_rate=1e-4)
    summary = train_quality_model(start, learned, out, settings, model=model, checkpoints=tmp_path / "unfinished")
    assert summary["steps"] == -(-len(learned) // 16)
    assert not (tmp_path / "unfinished").exists()
    asked = corrupted_responses(world, ["de"], examples=40, seed=0, split="seed", known=set(taught["gold"]))
    held_out = triplets(asked, held_out=True).query("kind == 'broken_fluency'")
    scores = {}
    for name, folder in (("trained", out), ("untrained", start)):
        embedder = SentenceTransformersEmbedder(folder, model, 32)
        scores[name] = (
            score(embedder, list(held_out["anchor"]), list(held_out["positive"])),
            score(embedder, list(held_out["anchor"]), list(held_out["negative"])),
        )
    found = validity(held_out, scores, replicates=100, confidence=0.95, seed=0).iloc[0]
    assert found["trained"] >= 0.9, found
    assert found["difference_low"] > 0
    embedder = SentenceTransformersEmbedder(out, model, 32)
    assert score(embedder, ["Was?", "Was?"], ["", "  "]).tolist() == [0.0, 0.0]
    assert len(score(embedder, [], [])) == 0


def test_no_triplet_is_an_error(registries: Registries, tmp_path: Path) -> None:
    empty = pd.DataFrame(columns=["anchor", "positive", "negative"])
    model = registries.models["minilm"]
    start = local_folder(model, [])
    with pytest.raises(ValueError, match="no triplet to train the quality model on"):
        train_quality_model(start, empty, tmp_path / "out", Selection(), model=model, checkpoints=tmp_path / "c")
