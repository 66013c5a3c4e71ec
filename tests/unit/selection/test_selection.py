"""Selection: against a brute-force reading of the algorithm, on every edge, and the clusters behind it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.selection.clustering import cluster, cluster_count
from polyglot.selection.quality_model import quality
from polyglot.selection.rules import RULES, Rule, Samples, rule_of, select
from polyglot.selection.settings import Selection
from polyglot.synthesis.recipes import parse_recipe


def by_brute_force(samples: list[tuple[str, float, int]], size: int, ratio: int) -> list[str]:
    """The algorithm as it is written: sort, take the best, scan down for uncovered clusters, fill up."""
    left = sorted(samples, key=lambda sample: (-sample[1], sample[0]))
    size = min(size, len(left))
    diverse = size // (ratio + 1)
    taken = left[: size - diverse]
    left = left[size - diverse :]
    for sample in list(left):
        if len(taken) < size and sample[2] not in [other[2] for other in taken]:
            taken.append(sample)
            left.remove(sample)
    while len(taken) < size:
        taken.append(left.pop(0))
    return [sample[0] for sample in taken]


def arrays(samples: list[tuple[str, float, int]]) -> tuple[list[str], Any, Any]:
    ids, scores, clusters = zip(*samples, strict=True) if samples else ((), (), ())
    return list(ids), np.array(scores, dtype=float), np.array(clusters, dtype=np.intp)


def places(clusters: Any) -> Any:
    """Embeddings in three dimensions that are alike within a cluster."""
    return np.stack([np.cos(clusters), np.sin(clusters), clusters % 2], axis=1).astype(np.float32)


SAMPLES = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=4), st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.integers(0, 5)),
    unique_by=lambda sample: sample[0],
    max_size=30,
)


@given(samples=SAMPLES, size=st.integers(0, 40), ratio=st.integers(1, 8))
def test_mdaq_is_the_algorithm_as_it_is_written(samples: list[tuple[str, float, int]], size: int, ratio: int) -> None:
    ids, scores, clusters = arrays(samples)
    rows = select(ids, scores, clusters, rule="mdaq", size=size, ratio=ratio)
    assert [ids[row] for row in rows] == by_brute_force(samples, size, ratio)


@given(samples=SAMPLES, size=st.integers(0, 40), rule=st.sampled_from(list(RULES)), shuffle=st.randoms())
def test_every_rule_takes_so_many_samples_whatever_their_order(
    samples: list[tuple[str, float, int]], size: int, rule: str, shuffle: Any
) -> None:
    found = []
    for _ in range(2):
        ids, scores, clusters = arrays(samples)
        rows = select(ids, scores, clusters, rule=rule, size=size, seed=3, embeddings=places(clusters))
        assert len(rows) == len(set(rows)) == min(size, len(samples))
        found.append([ids[row] for row in rows])
        samples = samples.copy()
        shuffle.shuffle(samples)
    assert found[0] == found[1]


def test_what_each_rule_takes() -> None:
    ids = [f"{place:02}" for place in range(28)]
    scores = np.linspace(1, 0, 28)
    clusters = np.array([0] * 20 + [1, 1, 2, 2, 3, 3, 4, 4])
    near = np.eye(5, dtype=np.float32)[clusters]
    taken = {rule: [int(r) for r in select(ids, scores, clusters, rule=rule, size=14, embeddings=near)] for rule in RULES}
    assert taken["mmr"][0] == 0
    assert {int(clusters[row]) for row in taken["mmr"][:5]} == {0, 1, 2, 3, 4}
    assert taken["quality-only"] == list(range(14))
    assert taken["mdaq"] == [*range(12), 20, 22]
    assert {int(clusters[row]) for row in taken["diversity-only"]} == {0, 1, 2, 3, 4}
    assert len(set(taken["random"]) - set(range(14))) > 2
    assert [int(row) for row in select(ids, scores, clusters, rule="random", size=14, seed=1)] != taken["random"]


def test_a_judged_sample_has_the_least_reward_or_more() -> None:
    rewards, none = np.array([4.5, 3.9, np.nan, 4.0, 5.0]), np.zeros(5, dtype=np.intp)
    assert select(list("abcde"), rewards, none, rule="judged", size=5, least=4.0).tolist() == [4, 0, 3]
    assert select(list("abcde"), rewards, none, rule="judged", size=2, least=4.0).tolist() == [4, 0]
    assert select(list("abcde"), rewards, none, rule="judged", size=5, least=5.5).tolist() == []


def test_edges() -> None:
    none = np.empty(0)
    assert len(select([], none, none.astype(np.intp), rule="mdaq", size=5)) == 0
    one = np.zeros(9, dtype=np.intp)
    scores = np.arange(9.0)
    assert [int(row) for row in select(list("abcdefghi"), scores, one, rule="mdaq", size=7)] == [8, 7, 6, 5, 4, 3, 2]
    unknown = np.array([0.5, np.nan, 0.7])
    assert [int(row) for row in select(list("abc"), unknown, one[:3], rule="quality-only", size=3)] == [2, 0, 1]
    with pytest.raises(ValueError, match="duplicate ids"):
        select(["a", "a"], scores[:2], one[:2], rule="mdaq", size=1)
    unlike = np.eye(3, dtype=np.float32)
    assert [int(row) for row in select(list("abc"), unknown, one[:3], rule="mmr", size=3, embeddings=unlike)] == [2, 0, 1]
    assert len(select([], none, none.astype(np.intp), rule="mmr", size=5, embeddings=unlike[:0])) == 0
    with pytest.raises(ValueError, match="embeddings are missing"):
        select(list("abc"), unknown, one[:3], rule="mmr", size=3)
    with pytest.raises(ValueError, match="3 ids, but embeddings of shape"):
        select(list("abc"), unknown, one[:3], rule="mmr", size=3, embeddings=unlike[:2])
    with pytest.raises(ValueError, match="3 ids, but quality of shape"):
        select(list("abc"), scores, one, rule="mdaq", size=1)


def test_a_rule_of_ones_own_is_a_recipes_name_and_takes_samples() -> None:
    longest = Rule("longest", "the samples with the longest ids", lambda samples, size: by_length(samples)[:size])
    RULES.add("longest", longest)
    try:
        recipe = parse_recipe("longest-2")
        assert (recipe.rule, recipe.examples) == ("longest", 2)
        assert rule_of("longest-2") is longest
        assert Selection(rule="longest").rule == "longest"
        ids, scores, clusters = ["a", "abc", "ab"], np.zeros(3), np.zeros(3, dtype=np.intp)
        assert [ids[row] for row in select(ids, scores, clusters, rule="longest", size=2)] == ["abc", "ab"]
    finally:
        RULES._known.pop("longest")
    with pytest.raises(ValueError, match="'longest-2' is no recipe"):
        parse_recipe("longest-2")


def by_length(samples: Samples) -> Any:
    return np.argsort([-len(one) for one in samples.ids], kind="stable")


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_does_not_need_does_not_change_what_it_takes(rule: str) -> None:
    rng = np.random.default_rng(0)
    ids, scores, clusters = [f"{place:02}" for place in range(40)], rng.random(40), rng.integers(0, 9, 40)
    needs = RULES[rule].needs
    unknown = (
        scores if {"quality", "rewards"} & set(needs) else np.full(40, np.nan),
        clusters if "clusters" in needs else np.zeros(40, dtype=int),
    )
    near = places(clusters)
    known = [((scores, clusters), near), (unknown, near if "embeddings" in needs else None)]
    taken = [select(ids, *one, rule=rule, size=12, embeddings=other).tolist() for one, other in known]
    assert taken[0] == taken[1]


def test_an_unknown_rule_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown rule 'mdac'; did you mean 'mdaq'"):
        select(["a"], np.zeros(1), np.zeros(1, dtype=np.intp), rule="mdac", size=1)
    with pytest.raises(ValueError, match="unknown rule 'quality'; did you mean 'quality-only'"):
        Selection(rule="quality")
    assert rule_of("equal-500") is None


def test_the_names_of_rules_are_read_without_numpy(repository: Path) -> None:
    code = "import sys; from polyglot.selection.rules import rule_of; rule_of('mdaq-5').needs"
    code += "; print({'numpy', 'pandas'} & {*sys.modules})"
    environment = {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_clusters_of_clouds_are_the_clouds() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(10, 16)) * 20
    truth = np.repeat(np.arange(10), 20)
    found = cluster(centres[truth] + rng.normal(size=(200, 16)), seed=0)
    assert cluster_count(200) == 10
    assert len({(a, b) for a, b in zip(truth, found, strict=True)}) == 10
    again = cluster(centres[truth] + np.random.default_rng(0).normal(size=(200, 16)), seed=0)
    assert len(again) == 200


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_or_equal_samples_are_one_cluster_or_as_many_as_there_are_texts(n: int) -> None:
    assert cluster(np.ones((n, 4)), seed=0).tolist() == [0] * n
    rng = np.random.default_rng(0)
    assert set(cluster(rng.normal(size=(n, 4)), seed=0).tolist()) <= set(range(cluster_count(n)))


def test_equal_texts_share_a_cluster() -> None:
    rng = np.random.default_rng(0)
    embeddings = np.repeat(rng.normal(size=(50, 8)), 4, axis=0)
    found = cluster(embeddings, seed=0).reshape(50, 4)
    assert (found == found[:, :1]).all()
    assert [cluster_count(n) for n in (1, 2, 8, 18, 600, 100_000)] == [1, 1, 2, 3, 17, 223]


def test_quality_is_one_for_the_same_place_and_falls_with_distance() -> None:
    origin = np.zeros((3, 2))
    assert quality(origin, np.array([[0, 0], [3, 4], [0, 1.0]])).tolist() == pytest.approx([1, 1 / 6, 0.5])
