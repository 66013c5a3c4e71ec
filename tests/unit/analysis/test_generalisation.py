"""Held-out languages and benchmarks: what a choice is judged by, on planted gains, and that nothing held out is used for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.generalisation import Fold, chosen, fold_table, rule_table, splits
from polyglot.analysis.held_out import Known, Scoring, draws_by_language
from polyglot.core.cells import Cell

TEACHERS = ["a", "b", "c"]
GAINS = np.array([0.10, 0.04, -0.02])
LANGS, BENCHMARKS = ["ar", "de", "id"], ["knowledge", "mathematics"]
ITEMS = 120


def fold(truth: np.ndarray, scores: dict[str, np.ndarray], rng: np.random.Generator, noise: float, place: int = 0) -> Fold:
    """Gains measured with noise, and replicates around them."""
    measured = truth + noise * rng.normal(size=len(truth))
    replicates = measured + noise * rng.normal(size=(200, len(truth)))
    return Fold("languages", str(place), "", TEACHERS[: len(truth)], np.vstack([measured, replicates]), scores)


def row(folds: list[Fold], rule: str) -> dict[str, float]:
    table = rule_table(folds, confidence=0.95)
    return {str(name): value for name, value in table[table["rule"] == rule].to_dict("records")[0].items()}


def test_rules_are_judged_by_what_their_choice_gains_where_it_was_not_made() -> None:
    gains = np.vstack([GAINS, GAINS])
    scores = {"pg": np.array([3.0, 2, 1]), "size": np.array([1.0, 2, 3]), "ability": np.array([1.0, 1, 0]), "random": np.zeros(3)}
    found = rule_table([Fold("languages", "de", "", TEACHERS, gains, scores)] * 2, confidence=0.95).set_index("rule")
    assert found["regret"].to_dict() == pytest.approx({"pg": 0, "size": 0.12, "ability": 0.03, "random": 0.06})
    assert found["advantage"].to_dict() == pytest.approx({"pg": 0.06, "size": -0.06, "ability": 0.03, "random": 0})
    assert found["best"].to_dict() == pytest.approx({"pg": 1, "size": 0, "ability": 0.5, "random": 1 / 3})
    assert found.loc[["pg", "size"], "rho"].tolist() == pytest.approx([1, -1])
    assert found["rho"].isna().to_dict()["random"]
    assert set(found["folds"]) == {2}


def test_a_rule_that_knows_no_teacher_is_not_judged_and_an_unknown_teacher_is_not_chosen() -> None:
    assert chosen(np.array([np.nan, 1.0, 1.0])).tolist() == [0, 0.5, 0.5]
    assert np.isnan(chosen(np.full(3, np.nan))).all()
    scores = {"size": np.full(3, np.nan), "random": np.zeros(3)}
    found = rule_table([Fold("both", "de", "m", TEACHERS, np.vstack([GAINS, GAINS]), scores)], confidence=0.95).set_index("rule")
    assert found.loc["size", "folds"] == 0
    assert found.loc["size", ["regret", "advantage", "rho"]].isna().all()


@pytest.mark.parametrize("truth", [GAINS, np.array([0.0, 0.0, 0.0]), np.array([0.02, 0.018, 0.0])])
def test_intervals_cover_the_true_regret_and_advantage(truth: np.ndarray) -> None:
    """Of a choice made elsewhere; the measured best teacher is often the wrong one."""
    rng, studies = np.random.default_rng(0), 100
    covered = {"regret": 0, "advantage": 0}
    for _ in range(studies):
        scores = {"pg": truth + 0.02 * rng.normal(size=3)}
        found = row([fold(truth, scores, rng, 0.02, place) for place in range(3)], "pg")
        taken = float(truth @ chosen(scores["pg"]))
        true = {"regret": truth.max() - taken, "advantage": taken - truth.mean()}
        for name, value in true.items():
            covered[name] += bool(found[f"{name}_low"] - 1e-12 <= value <= found[f"{name}_high"] + 1e-12)
    assert min(covered.values()) >= 0.9 * studies, covered


def test_every_fold_keeps_something_for_the_choice() -> None:
    found = splits(LANGS, {"ar": ["knowledge"], "de": BENCHMARKS, "id": BENCHMARKS})
    assert found[:3] == [("languages", lang, "") for lang in LANGS]
    assert found[3:5] == [("benchmarks", "", name) for name in BENCHMARKS]
    assert set(found[5:]) == {("both", lang, name) for lang in LANGS for name in BENCHMARKS} - {("both", "ar", "mathematics")}
    assert splits(["de"], {"de": ["knowledge"]}) == []
    assert splits(["de"], {"de": BENCHMARKS}) == [("benchmarks", "", name) for name in BENCHMARKS]
    assert [one for one, _, _ in splits(LANGS, {lang: ["knowledge"] for lang in LANGS})] == ["languages"] * 3


def outcomes(gain: float, lang: str, name: str) -> pd.DataFrame:
    """Right and wrong answers on the same items, a share of 0.4 plus the gain right."""
    rng = np.random.default_rng([len(name), LANGS.index(lang), round(1000 * (gain + 1))])
    parts = [
        pd.DataFrame(
            {"benchmark": benchmark, "stratum": "all", "example_id": np.arange(ITEMS), "weight": 1 / ITEMS}
            | {"correct": (rng.random(ITEMS) < 0.4 + gain).astype(float)}
        )
        for benchmark in BENCHMARKS
    ]
    return pd.concat(parts, ignore_index=True)


def study(change: Callable[[str, str, pd.DataFrame], pd.DataFrame] = lambda teacher, lang, frame: frame, seeds: int = 1) -> Known:
    """A small study; `change` replaces a student's outcomes, of every seed in turn."""
    cells = [Cell("base", "equal", teacher, lang) for teacher in TEACHERS for lang in LANGS]
    by_teacher = dict(zip(TEACHERS, 3 * GAINS, strict=True))
    given = {cell: outcomes(by_teacher[cell.teacher], cell.lang, "s") for cell in cells}
    students = {cell: [change(cell.teacher, cell.lang, given[cell]) for _ in range(seeds)] for cell in cells}
    anchors = {lang: (outcomes(0, lang, "base"), outcomes(0.3, lang, "reference")) for lang in LANGS}
    draws = draws_by_language(students, anchors, replicates=20, seed=0)
    rng = np.random.default_rng(5)
    metrics = ["prompt_diversity", "response_diversity", "reward", "perplexity"]
    measured = pd.DataFrame([{"replicate": 0, **cell._asdict()} for cell in cells])
    measured = measured.assign(**{name: 1 + rng.random(len(cells)) for name in metrics}, gain=np.nan)
    own = {(teacher, lang): outcomes(by_teacher[teacher], lang, "own") for teacher in TEACHERS[:2] for lang in LANGS}
    return Known(draws, measured, own, {"a": 1.0, "b": 2.0}, Scoring("signsafe", 0.5, 0.95, 0))


def test_what_is_held_out_changes_the_judgement_and_never_the_choice() -> None:
    def wrong_in_german_mathematics(teacher: str, lang: str, frame: pd.DataFrame) -> pd.DataFrame:
        held = (frame["benchmark"] == "mathematics") & (lang == "de") & (teacher == "a")
        return frame.assign(correct=frame["correct"].where(~held, 0.0))

    before, after = study().folds(), study(wrong_in_german_mathematics).folds()
    assert len(before) == 3 + 2 + 6
    for one, other in zip(before, after, strict=True):
        judged = (one.lang in ("de", "")) and (one.benchmark in ("mathematics", ""))
        assert (one.gains[0, 0] != other.gains[0, 0]) == judged, one
        same = {rule: np.array_equal(one.scores[rule], other.scores[rule], equal_nan=True) for rule in one.scores}
        assert same["size"]
        assert same["ability"]
        if one.lang == "de" or one.benchmark == "mathematics":
            assert all(same.values()), one
        else:
            assert not same["gain"], one


def test_scores_and_gains_of_a_fold_are_those_of_its_parts() -> None:
    known = study()
    folds = {(one.lang, one.benchmark): one for one in known.folds()}
    one = folds["de", "mathematics"]
    assert one.teachers == TEACHERS
    draws = known.draws
    own = [draws["de"].benchmarks["mathematics"].scores[name][0] for name in (("equal", "a"), "base")]
    assert one.gains[0, 0] == pytest.approx(own[0] - own[1])
    elsewhere = [draws[lang].benchmarks["knowledge"].scores for lang in ("ar", "id")]
    gain = np.mean([scores["equal", "b"][0] - scores["base"][0] for scores in elsewhere])
    assert one.scores["gain"][1] == pytest.approx(gain)
    assert one.scores["size"].tolist()[:2] == [1, 2]
    assert np.isnan(one.scores["size"][2])
    assert np.isnan(one.scores["ability"][2])
    table = fold_table([one])
    assert table.loc[table["rule"] == "random", "chosen"].tolist() == pytest.approx([1 / 3] * 3)
    assert table["regret"].min() == 0


def test_seeds_that_differ_by_benchmark_make_a_held_out_benchmark_uncertain() -> None:
    """One seed fails at mathematics and the other at knowledge, so that their means agree."""
    places = {"knowledge": 0, "mathematics": 1}
    turn = -1

    def fails_at_one(teacher: str, lang: str, frame: pd.DataFrame) -> pd.DataFrame:
        nonlocal turn
        turn += 1
        return frame.assign(correct=frame["correct"].where(frame["benchmark"].map(places) != turn % 2, 0.0))

    held = {(one.lang, one.benchmark): one.gains[1:].std(axis=0) for one in study(fails_at_one, seeds=2).folds()}
    assert held["de", "mathematics"].min() > 2 * held["de", ""].max()
    assert held["de", "mathematics"].min() > 0.15


def test_without_a_second_teacher_nothing_can_be_judged() -> None:
    folds = study(lambda teacher, lang, frame: frame if teacher == "a" else frame[:0]).folds()
    assert folds == []
    assert rule_table(folds, confidence=0.95).empty
    assert fold_table(folds).empty
    assert study(lambda teacher, lang, frame: frame[:0]).folds() == []


def test_a_teacher_without_a_student_in_a_held_out_language_is_no_candidate_there() -> None:
    known = study(lambda teacher, lang, frame: frame[:0] if (teacher, lang) == ("c", "de") else frame)
    for one in known.folds():
        assert one.teachers == (TEACHERS[:2] if one.lang in ("de", "") else TEACHERS), one
        if one.lang not in ("de", ""):
            assert np.isnan(one.scores["pg"][2])
