"""Studies on one scale: the planted order is found, intervals cover, and studies that share no teacher are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal

from polyglot.analysis.combining import DRAWS, GRID, Model, agreement, combine, contributions, errors_apart, leaderboard
from polyglot.core.errors import WrongInput

TRUTH = {"a": 0.06, "b": 0.04, "c": 0.02, "d": 0.0, "e": -0.02, "f": -0.04}
LANGS = ("de", "id", "ar")


def study(
    name: str,
    teachers: Sequence[str],
    rng: np.random.Generator,
    *,
    truth: Mapping[str, float] = TRUTH,
    langs: Sequence[str] = LANGS,
    error: float = 0.01,
    between: float = 0.0,
    by_language: Mapping[tuple[str, str], float] | None = None,
) -> pd.DataFrame:
    """Cells of a study whose benchmarks add what they like to each language."""
    own = {teacher: between * rng.normal() for teacher in teachers}
    rows = []
    for lang in langs:
        block = rng.normal(scale=0.2)
        for teacher in teachers:
            true = truth[teacher] + block + own[teacher] + (by_language or {}).get((teacher, lang), 0.0)
            key = {"study": name, "base": "base", "recipe": "equal", "lang": lang, "teacher": teacher}
            rows.append({**key, "value": true + error * rng.normal(), "se": error})
    return pd.DataFrame(rows)


def test_the_planted_order_is_found_over_studies_that_share_one_teacher() -> None:
    rng = np.random.default_rng(0)
    cells = pd.concat([study("one", "abc", rng, error=0.003), study("two", "cdef", rng, error=0.003)])
    board = leaderboard(combine(cells), 0.95)
    assert list(board["teacher"]) == list("abcdef")
    assert board["p_first"].idxmax() == 0
    assert (board["rank_low"] <= board["rank"]).all()
    assert (board["rank"] <= board["rank_high"]).all()
    assert board["effect"].sum() == pytest.approx(0, abs=1e-9)


def test_p_first_is_what_the_normal_distribution_gives() -> None:
    """The chance that a teacher's differences from all others are positive, averaged over the grid without draws; there are
    4000 draws, so p may be off by four standard errors."""
    rng = np.random.default_rng(0)
    cells = pd.concat([study("one", "abc", rng, error=0.003), study("two", "cdef", rng, error=0.003)])
    model, pairs = Model.of(cells), list(product(GRID, repeat=2))
    given = [model.given(*(model.scale * np.array(pair))) for pair in pairs]
    weights = softmax([one.likelihood - np.square(pair).sum() / 2 for one, pair in zip(given, pairs, strict=True)])
    expected = np.zeros(len(TRUTH))
    for place in range(len(TRUTH)):
        differences = np.insert(-np.eye(len(TRUTH) - 1), place, 1, axis=1)
        for one, weight in zip(given, weights, strict=True):
            spread = differences @ one.covariance @ differences.T
            expected[place] += weight * multivariate_normal.cdf(differences @ one.effects, cov=spread, rng=rng, maxpts=2000)
    assert expected.sum() == pytest.approx(1, abs=1e-3)
    found = leaderboard(combine(cells), 0.95).set_index("teacher")["p_first"].loc[model.teachers].to_numpy()
    assert (np.abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / DRAWS)).all(), (found, expected)


@pytest.mark.parametrize(
    ("between", "by_language", "groups"),
    [
        (0.0, 0.0, ("abcd", "cdef")),
        (0.02, 0.0, ("abcd", "cdef")),
        (0.02, 0.02, ("abcd", "bcde", "cdef")),
        (0.0, 0.0, ("abc", "cdef")),
    ],
)
def test_intervals_cover_whatever_differs_between_studies(between: float, by_language: float, groups: tuple[str, ...]) -> None:
    """A teacher's truth is its mean over studies and languages that might have been taken."""
    rng, held = np.random.default_rng(1), []
    for number in range(80):
        apart = {(teacher, lang): by_language * rng.normal() for teacher in TRUTH for lang in LANGS}
        parts = [study(f"s{place}", group, rng, between=between, by_language=apart) for place, group in enumerate(groups)]
        board = leaderboard(combine(pd.concat(parts), seed=number), 0.95).sort_values("teacher")
        truth = np.array(list(TRUTH.values())) - np.mean(list(TRUTH.values()))
        held.append(((board["low"] <= truth) & (truth <= board["high"])).mean())
    assert np.mean(held) >= 0.92, np.mean(held)


def measured(name: str, rng: np.random.Generator, own: Mapping[str, float], shared: float = 0.03) -> pd.DataFrame:
    """Cells of equal teachers whose errors are mostly those of the base and the items, which all of a block share, and their
    standard errors from replicates."""
    rows, draws = [], []
    for lang in LANGS:
        block = shared * rng.normal() + rng.normal(scale=0.2)
        key = {"base": "base", "recipe": "equal", "lang": lang}
        together = shared * rng.normal(size=400)
        for teacher, error in own.items():
            rows.append({"study": name, **key, "teacher": teacher, "value": block + error * rng.normal()})
            gains = np.append(0.0, together + error * rng.normal(size=400))
            draws.append(pd.DataFrame({**key, "teacher": teacher, "replicate": range(401), "gain": gains}))
    return pd.DataFrame(rows).merge(errors_apart(pd.concat(draws), "gain"))


def test_what_all_teachers_of_a_block_share_is_in_no_error_of_theirs() -> None:
    """Equal teachers of two studies lie as far apart as chance alone explains, and intervals are as wide as they must be."""
    rng, own = np.random.default_rng(5), {"a": 0.01, "b": 0.005, "c": 0.015, "d": 0.01}
    beyond, held, widths, effects = [], [], [], []
    for number in range(60):
        cells = pd.concat([measured(name, rng, own) for name in ("one", "two")], ignore_index=True)
        assert cells.groupby("teacher")["se"].mean().to_dict() == pytest.approx(own, rel=0.15)
        beyond.append(float(agreement(cells)["beyond"].iloc[0]))
        board = leaderboard(combine(cells, seed=number), 0.95)
        held.append(((board["low"] <= 0) & (board["high"] >= 0)).mean())
        widths.append(float((board["high"] - board["low"]).mean()) / 2)
        effects.append(float(board["effect"].std()))
    assert np.mean(beyond) == pytest.approx(1, abs=0.3), np.mean(beyond)
    assert np.mean(held) >= 0.92, np.mean(held)
    assert np.mean(widths) < 0.02, np.mean(widths)  # .06 with what they share


def test_errors_of_two_teachers_are_half_of_their_difference_each_and_holes_have_none() -> None:
    key = {"base": "base", "recipe": "equal", "lang": "de"}
    values = {"a": [0.0, 1.0, 2.0, 4.0], "b": [0.0, 1.0, 4.0, 2.0], "c": [np.nan] * 4}
    draws = pd.concat(
        [pd.DataFrame({**key, "teacher": name, "replicate": range(4), "pg": value}) for name, value in values.items()]
    )
    found = errors_apart(draws, "pg").set_index("teacher")["se"]
    assert found.to_dict() == pytest.approx(dict.fromkeys("ab", np.std([0, -2, 2], ddof=1) / 2**0.5))
    assert errors_apart(draws[draws["teacher"] != "b"], "pg").empty


def test_studies_without_a_common_teacher_are_refused_by_name() -> None:
    rng = np.random.default_rng(2)
    with pytest.raises(ValueError, match="two: no teacher in common with one"):
        combine(pd.concat([study("one", "ab", rng), study("two", "cd", rng)]))
    linked = [study("one", "ab", rng), study("two", "cd", rng), study("three", "bc", rng)]
    assert len(combine(pd.concat(linked)).teachers) == 4
    with pytest.raises(ValueError, match="nothing to compare"):
        combine(study("one", "a", rng))


def test_teachers_that_were_never_measured_beside_the_rest_are_refused_by_name() -> None:
    """Students failed in both languages: nothing says how a compares with c, and a second study of a and b does not either."""
    rng = np.random.default_rng(5)
    apart = pd.concat([study("one", "ab", rng, langs=["de"]), study("one", "cd", rng, langs=["id"])])
    for cells in (apart, pd.concat([apart, study("two", "ab", rng, langs=["de"])])):
        with pytest.raises(WrongInput, match="c, d: in no language of a study measured beside a, b"):
            combine(cells)
    assert combine(pd.concat([apart, study("two", "bc", rng, langs=["de"])])).teachers == list("abcd")


def test_a_study_brings_what_its_errors_allow() -> None:
    rng = np.random.default_rng(3)
    cells = pd.concat([study("sharp", "abc", rng, error=0.01), study("blunt", "abc", rng, error=0.02)])
    share = contributions(cells)
    assert list(share["cells"]) == [9, 9]
    assert list(share["share"]) == pytest.approx([0.8, 0.2])


def test_agreement_counts_pairs_and_says_what_chance_explains() -> None:
    rng = np.random.default_rng(4)
    one = study("one", "abcdef", rng)
    alike, other = study("two", "abcdef", rng), study("two", "abcdef", rng, truth={k: -v for k, v in TRUTH.items()})
    same = agreement(pd.concat([one, alike])).iloc[0]
    assert (same["teachers"], same["languages"], same["pairs"]) == (6, 3, 15)
    assert same["same"] >= 13
    assert same["beyond"] < 3
    against = agreement(pd.concat([one, other])).iloc[0]
    assert against["same"] <= 2
    assert against["beyond"] > 20


def values(name: str, **by_lang: Mapping[str, float]) -> pd.DataFrame:
    """Cells of a study as given."""
    keys = {"study": name, "base": "base", "recipe": "equal", "se": 0.01}
    rows = [keys | {"lang": lang, "teacher": one, "value": value} for lang, own in by_lang.items() for one, value in own.items()]
    return pd.DataFrame(rows)


def test_a_missing_cell_makes_no_disagreement() -> None:
    """What a teacher is beside others does not depend on who else has a student in its language."""
    scores = {"a": 0.1, "b": 0.105, "c": 0.0}
    whole, holed = values("one", de=scores, id=scores), values("two", de=scores, id={"a": 0.1, "c": 0.0})
    found = agreement(pd.concat([whole, holed])).iloc[0]
    assert (found["teachers"], found["languages"], found["pairs"], found["same"]) == (3, 2, 3, 3)
    assert found["beyond"] == pytest.approx(0)


def test_pairs_are_counted_that_both_studies_order() -> None:
    """c is in both, but in no common language; d and e are alike in one."""
    one = values("one", de={"a": 0.1, "b": 0.0, "c": 0.2}, id={"a": 0.1, "b": 0.0})
    two = values("two", de={"a": 0.1, "b": 0.0}, ar={"a": 0.1, "c": 0.2})
    found = agreement(pd.concat([one, two])).iloc[0]
    assert (found["teachers"], found["languages"], found["pairs"], found["same"]) == (3, 1, 1, 1)
    tied = agreement(pd.concat([values("one", de={"d": 0.1, "e": 0.1}), values("two", de={"d": 0.1, "e": 0.0})])).iloc[0]
    assert (tied["pairs"], tied["same"]) == (0, 0)
    alone = agreement(pd.concat([values("one", de={"a": 0.1, "b": 0.0}), values("two", de={"a": 0.1, "c": 0.0})])).iloc[0]
    assert (alone["teachers"], alone["pairs"]) == (1, 0)
    assert np.isnan(alone["beyond"])


def test_studies_without_a_common_language_agree_by_teacher() -> None:
    found = agreement(pd.concat([values("one", de={"a": 0.1, "b": 0.0}), values("two", id={"a": 0.3, "b": 0.1})])).iloc[0]
    assert (found["languages"], found["pairs"], found["same"]) == (0, 1, 1)
