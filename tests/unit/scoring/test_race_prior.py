"""Earlier studies in a race: exact against one normal distribution, a gain where right, little harm where wrong."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.combining import quasi_variances
from polyglot.analysis.earlier import STUDY_SPREADS, said_of_teachers
from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.scoring import race_posterior
from polyglot.scoring.race_columns import Earlier, Known, Noise
from polyglot.scoring.race_posterior import draws, equal_weights, study_shares
from polyglot.scoring.race_prior import COLUMNS, earlier_of, learned, need_shared
from polyglot.scoring.race_rungs import Beliefs, rung_table
from polyglot.scoring.racing import Standing, Terms, standing, survivors
from tests.unit.analysis.test_combining import study
from tests.unit.scoring.test_racing import CHANCES, answers

TEACHERS = [f"t{place}" for place in range(10)]
LANGS = ("ar", "cs", "de", "es", "id", "ja")


def test_an_earlier_study_is_one_more_language_that_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_posterior, "TEACHER_SPREADS", (0.02,))
    monkeypatch.setattr(race_posterior, "LANGUAGE_SPREADS", (0.03,))
    rng = np.random.default_rng(1)
    noise = Noise(np.array([1e-4, 2e-4]), np.array([4e-4, 2e-4]))
    known = Known(rng.normal(0.4, 0.05, (4, 2)), np.ones((4, 2)), noise)
    said = np.array([0.02, 0.0, -0.01, np.nan])
    earlier = Earlier(np.array([0.01]), np.zeros(1), said[None, :], np.full((1, 4), 3e-4))
    drawn = draws(replace(known, earlier=earlier), equal_weights(2), 40_000, rng)
    drawn -= drawn.mean(axis=-1, keepdims=True)
    mean, covariance = _exact(np.column_stack([known.scores, said]), noise.kept + noise.anew, 3e-4)
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=5e-4)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=1e-5)


def _exact(seen: Array, noise: Array, of_earlier: float) -> tuple[Array, Array]:
    """Moments of four teachers' means over two languages, from scores in both and from an earlier study (the third column)."""
    own = 0.02**2 * np.ones((3, 3)) + 0.03**2 * np.diag([1.0, 1.0, 0.0])
    weights, there = np.array([0.5, 0.5, 0.0]), np.flatnonzero(np.isfinite(seen.ravel()))
    of_seen = np.kron(np.eye(4), own) + 100.0 * np.kron(np.ones((4, 4)), np.eye(3))
    of_seen += np.diag(np.tile([*noise, of_earlier], 4))
    between, centre = np.kron(np.eye(4), (own @ weights)[None, :]), np.eye(4) - 1 / 4
    gain = between[:, there] @ np.linalg.inv(of_seen[np.ix_(there, there)])
    covariance = np.eye(4) * (weights @ own @ weights) - gain @ between[:, there].T
    return centre @ gain @ seen.ravel()[there], centre @ covariance @ centre


def test_variances_of_differences_are_kept() -> None:
    own = np.array([1.0, 2.0, 3.0, 4.0])
    centred = np.eye(4) - 1 / 4
    assert quasi_variances(centred @ np.diag(own) @ centred) == pytest.approx(own)
    assert quasi_variances(np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx([2.0, 2.0])


def test_two_studies_teach_how_far_teachers_differ_between_studies() -> None:
    truth = {name: 0.006 * place for place, name in enumerate(TEACHERS)}

    def likely(between: float) -> float:
        rng = np.random.default_rng(2)
        two = [study(name, TEACHERS, rng, truth=truth, langs=LANGS, error=0.003, between=between) for name in ("one", "two")]
        logs = said_of_teachers(pd.concat(two)).groupby("spread")["log"].first()
        return float((np.exp(logs) * logs.index).sum() / np.exp(logs).sum())

    assert likely(0.0) < 0.004
    assert 0.02 < likely(0.04) < 0.08
    alone = said_of_teachers(study("one", TEACHERS, np.random.default_rng(2), truth=truth, langs=LANGS, error=0.003))
    assert alone["log"].to_numpy() == pytest.approx(0.0, abs=1e-6), "one study cannot tell"


@pytest.fixture(scope="module")
def raced(repository: Path) -> dict[str, tuple[Array, Array, Array]]:
    """(regret, stated regret, teachers left) after the first rung by what the race learns from, on the same scores."""
    simulation: dict[str, Any] = runpy.run_path(str(repository / "performance/race.py"))
    world, studies, rng = simulation["WORLDS"]["published"], 80, np.random.default_rng(7)
    true = simulation["truths"](world, studies, rng)
    value = true.mean(axis=-1)
    scores = simulation["observed"](true, world, 1, rng, draws=False).mean(axis=-1)
    believed = world.believed()
    noise = Noise(*(np.broadcast_to(part, (studies, len(LANGS))) for part in (believed.kept, believed.anew)))
    known = Known(scores, np.ones(scores.shape), noise)
    shuffled = np.array([rng.permutation(len(TEACHERS)) for _ in range(studies)])
    stated = {
        "nothing": known,
        "right": replace(known, earlier=_earlier(value, rng)),
        "wrong": replace(known, earlier=_earlier(np.take_along_axis(value, shuffled, -1), rng)),
        "reversed": replace(known, earlier=_earlier(-value, rng)),
    }
    found = {}
    for name, of in stated.items():
        now = standing(of, np.ones(value.shape, bool), np.random.default_rng(8), number=400)
        found[name] = (value.max(axis=-1) - value[np.arange(studies), now.leader], now.regret, _left(now))
    return found


def _left(now: Standing) -> Array:
    left: Array = survivors(now, np.ones(now.best.shape, bool), Terms()).sum(axis=-1)
    return left


def _earlier(values: Array, rng: np.random.Generator) -> Earlier:
    """One earlier study of each of these, with an error of .006; a teacher differs from it by .003."""
    found = [_said(one, rng) for one in values]
    return replace(found[0], means=np.stack([one.means for one in found]), variances=np.stack([one.variances for one in found]))


def _said(values: Array, rng: np.random.Generator) -> Earlier:
    truth = dict(zip(TEACHERS, values, strict=True))
    said = earlier_of(
        said_of_teachers(study("one", TEACHERS, rng, truth=truth, langs=LANGS, error=0.006, between=0.003)), TEACHERS
    )
    assert said is not None
    return said


def test_a_right_prior_lowers_regret_and_cost(raced: dict[str, tuple[Array, Array, Array]]) -> None:
    regret, stated, left = raced["right"]
    plain = raced["nothing"]
    assert regret.mean() < 0.95 * plain[0].mean()
    assert left.mean() < 0.85 * plain[2].mean()
    assert abs(stated.mean() - regret.mean()) < 0.3 * regret.mean() + 2 * regret.std() / len(regret) ** 0.5


@pytest.mark.parametrize("prior", ["wrong", "reversed"])
def test_a_wrong_prior_does_little_harm(raced: dict[str, tuple[Array, Array, Array]], prior: str) -> None:
    regret, plain = raced[prior][0], raced["nothing"][0]
    assert regret.mean() - plain.mean() < 0.001, "less than a thousandth of a score"


def test_scores_that_gainsay_the_earlier_studies_make_them_count_less() -> None:
    rng = np.random.default_rng(3)
    truth = 0.006 * rng.normal(size=10)
    scores = np.repeat(truth[:, None], 6, axis=1)
    known = Known(scores, np.ones(scores.shape), Noise(np.full(6, 1e-5), np.full(6, 1e-5)))
    weights = equal_weights(6)
    alike, against = (learned(replace(known, earlier=_said(values, rng)), weights) for values in (truth, -truth))
    assert alike.between_studies < 0.6 * against.between_studies
    assert alike.worth > 1.5 * against.worth
    shares = study_shares(replace(known, earlier=_said(truth, rng)), weights)
    assert shares.shape == (len(STUDY_SPREADS),)
    assert shares.sum() == pytest.approx(1.0)


def test_a_rung_shows_what_earlier_studies_say_of_whom_they_share() -> None:
    students = answers({(name, lang): [CHANCES[name]] for name in CHANCES for lang in ("de", "id")})
    truth = {"good": 0.0, "near": 0.05, "other": 0.1}
    said = said_of_teachers(study("one", list(truth), np.random.default_rng(4), truth=truth, error=0.001))
    plain = rung_table(students, None, Terms(), Beliefs(0.005, 0.005), 0)
    found = rung_table(students, None, Terms(), Beliefs(0.005, 0.005, said), 0).set_index("teacher")
    assert not set(COLUMNS) & set(plain.columns)
    assert found.loc["near", "earlier"] == pytest.approx(0.025, abs=0.003)
    assert found.loc[["poor", "none"], "earlier"].isna().all()
    assert found["best"]["near"] > plain.set_index("teacher")["best"]["near"]
    assert (found["worth"].dropna() > 0).all()


def test_studies_of_other_teachers_say_nothing() -> None:
    said = said_of_teachers(study("one", ["a", "b"], np.random.default_rng(5)))
    assert earlier_of(said, ["b", "c"]) is None
    assert earlier_of(None, ["a", "b"]) is None
    need_shared(["a", "b"], ["a", "b", "c"])
    with pytest.raises(WrongInput, match=r"the archives have b alone, by name, .* they have a, b"):
        need_shared(["a", "b"], ["b", "c"])
