"""The quality model: what it learns from, that it learns, and how well it tells good from bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from polyglot.engines.embedding import SentenceTransformersEmbedder
from polyglot.nano.corruption import CORRUPTIONS, HELD_OUT, OF_FEW, corrupted_responses, quality_triplets
from polyglot.nano.world import CATEGORIES, World
from polyglot.registry import Registries, load_registries
from polyglot.registry.models import local_folder
from polyglot.selection.pairs import COLUMNS, read_pairs
from polyglot.selection.quality_model import score, train_quality_model
from polyglot.selection.quality_validity import auc, validity
from polyglot.selection.settings import Selection


def test_corruptions_are_what_they_say(repository: Path) -> None:
    world = World(repository / "config/nano_world", ["de", "id"])
    rows = corrupted_responses(world, examples=40, seed=0, split="pretrain", wrong_answers=3)
    assert rows.groupby("lang")["anchor"].nunique().to_dict() == {"de": 40, "id": 40}
    assert set(rows["category"]) == set(CATEGORIES)
    assert not rows.duplicated(["lang", "anchor", "negative"]).any()
    counts = rows.groupby(["lang", "anchor"])["kind"].value_counts().unstack()
    assert (counts[["broken_fluency", "wrong_language", "truncated"]] == 1).all(axis=None)
    assert counts["wrong_answer"].between(2, 3).all()  # a list of three has two words that are not its last
    solutions = {lang: world.solutions(lang) for lang in world.languages}
    for row in rows.to_dict("records"):
        assert row["negative"] != row["positive"] == solutions[row["lang"]][row["anchor"]].response
        match row["kind"]:
            case "broken_fluency":
                assert sorted(row["negative"].split()) == sorted(row["positive"].split())
            case "truncated":
                assert row["positive"].startswith(row["negative"])
                assert 0 < len(row["negative"]) < len(row["positive"])
    again = corrupted_responses(world, examples=40, seed=0, split="pretrain", wrong_answers=3)
    pd.testing.assert_frame_equal(rows, again)


def test_a_quality_model_is_judged_by_what_it_has_not_seen(repository: Path) -> None:
    world = World(repository / "config/nano_world", ["en", "de", "id", "ar"])
    found = quality_triplets(world, examples=150, wrong_answers=2, seed=0)
    assert set(COLUMNS) == set(found.columns)
    judging, taught = found[found["held_out"]], found[~found["held_out"]]
    assert (judging.groupby(["lang", "category", "kind"]).size() == HELD_OUT).all()
    assert judging.groupby(["lang", "kind"]).ngroups == 4 * len(CORRUPTIONS)
    assert (taught.groupby("lang")["anchor"].nunique() == 150).all()
    assert not set(judging["anchor"]) & set(taught["anchor"])
    both = set(judging["positive"]) & set(taught["positive"])
    assert set(found.loc[found["positive"].isin(both), "category"]) == set(OF_FEW)
    for category in CATEGORIES:
        assert (taught["category"] == category).sum() > 4 * HELD_OUT


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


def test_pairs_in_a_parquet_file_may_lack_languages(tmp_path: Path) -> None:
    rows = pd.DataFrame({"instruction": list("abcd"), "revised": list("efgh"), "original": list("ijkl")})
    rows.assign(lang=pd.Categorical(["de", None, "de", "fr"])).set_index("lang").to_parquet(tmp_path / "pairs.parquet")
    found = read_pairs(tmp_path / "pairs.parquet", held_out=0.5, seed=0)
    assert list(found["lang"]) == ["de", "", "de", "fr"]


def test_auc_is_that_of_scikit_learn_and_counts_ties_half() -> None:
    rng = np.random.default_rng(0)
    good, bad = rng.integers(1, 7, 40).astype(float), rng.integers(0, 6, 40).astype(float)
    expected = roc_auc_score([1] * 40 + [0] * 40, [*good, *bad])
    assert auc(good, bad, np.ones((1, 40)))[0] == pytest.approx(expected)
    counts = rng.multinomial(40, np.full(40, 1 / 40)).astype(float)
    repeated = [np.repeat(values, counts.astype(int)) for values in (good, bad)]
    expected = roc_auc_score([1] * 40 + [0] * 40, np.concatenate(repeated))
    assert auc(good, bad, counts[None])[0] == pytest.approx(expected)


def test_validity_has_intervals_by_kind_and_language_and_category() -> None:
    rng = np.random.default_rng(0)
    held_out = pd.DataFrame({"lang": ["de", "id"] * 100, "category": ["a"] * 150 + ["b"] * 50, "kind": ["x"] * 100 + ["y"] * 100})
    better = rng.normal(size=200) + 2, rng.normal(size=200)
    chance = rng.normal(size=200), rng.normal(size=200)
    found = validity(held_out, {"trained": better, "untrained": chance}, replicates=200, confidence=0.95, seed=0)
    assert list(zip(found["lang"], found["category"], found["kind"], found["n"], strict=True)) == [
        ("", "", "x", 100), ("", "", "y", 100),
        ("de", "", "x", 50), ("de", "", "y", 50), ("id", "", "x", 50), ("id", "", "y", 50),
        ("", "a", "x", 100), ("", "a", "y", 50), ("", "b", "y", 50),
    ]  # fmt: skip
    assert (found["difference_low"] > 0).all()
    assert found["untrained"].between(0.3, 0.7).all()
    scores = {"trained": better, "untrained": chance}
    nowhere = validity(held_out.assign(lang="", category=""), scores, replicates=50, confidence=0.95, seed=0)
    assert nowhere["kind"].tolist() == ["x", "y"]


@pytest.fixture(scope="module")
def registries(repository: Path) -> Registries:
    return load_registries(repository / "config")


@pytest.mark.slow
def test_training_beats_the_untrained_encoder(registries: Registries, repository: Path, tmp_path: Path) -> None:
    """A real encoder learns from right and corrupted answers: what no random weights could show."""
    model = registries.models["minilm"]
    start, out = local_folder(model, []), tmp_path / "quality"
    world = World(repository / "config/nano_world", ["en", "de"])
    triplets = quality_triplets(world, examples=60, wrong_answers=2, seed=0)
    learned, held_out = triplets[~triplets["held_out"]], triplets[triplets["held_out"]]
    settings = Selection(batch_size=16, learning_rate=2e-4)
    summary = train_quality_model(start, learned, out, settings, model=model, checkpoints=tmp_path / "unfinished")
    assert summary["steps"] == -(-len(learned) // 16)
    assert not (tmp_path / "unfinished").exists()
    scores = {}
    for name, folder in (("trained", out), ("untrained", start)):
        embedder = SentenceTransformersEmbedder(folder, model, 32)
        scores[name] = (
            score(embedder, list(held_out["anchor"]), list(held_out["positive"])),
            score(embedder, list(held_out["anchor"]), list(held_out["negative"])),
        )
    found = validity(held_out, scores, replicates=200, confidence=0.95, seed=0)
    found = found[(found["lang"] == "") & (found["category"] == "")].set_index("kind")
    assert found["trained"]["broken_fluency"] >= 0.9, found
    assert found["trained"]["wrong_language"] >= 0.99, found  # the untrained encoder is as good
    assert (found["difference_low"][["broken_fluency", "wrong_answer", "truncated"]] > 0).all(), found
    embedder = SentenceTransformersEmbedder(out, model, 32)
    assert score(embedder, ["Was?", "Was?"], ["", "  "]).tolist() == [0.0, 0.0]
    assert len(score(embedder, [], [])) == 0


def test_no_triplet_is_an_error(registries: Registries, tmp_path: Path) -> None:
    empty = pd.DataFrame(columns=["anchor", "positive", "negative"])
    model = registries.models["minilm"]
    start = local_folder(model, [])
    with pytest.raises(ValueError, match="no triplet to train the quality model on"):
        train_quality_model(start, empty, tmp_path / "out", Selection(), model=model, checkpoints=tmp_path / "c")
