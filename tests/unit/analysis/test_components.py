"""Principal components and regression on them: known answers, what must not change them, and studies too small for an answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyglot.analysis.components import predict_new, principal_components
from tests.unit.made_up_cells import METRICS, Array, at, components, regress, study


def test_two_metrics_have_known_components() -> None:
    """Of two correlated metrics the components are their sum and difference, with eigenvalues 1 + r and 1 - r."""
    frame = study()
    loadings, variance, scores = principal_components(frame, ["a", "b"], components=2, resamples=20, confidence=0.95, seed=0)
    r = np.corrcoef(frame["a"], frame["b"])[0, 1]
    assert r > 0
    assert variance["eigenvalue"].to_list() == pytest.approx([1 + r, 1 - r])
    assert variance["cumulative"].to_list() == pytest.approx([(1 + r) / 2, 1])
    assert loadings["loading"].abs().to_list() == pytest.approx([np.sqrt(0.5)] * 4)
    assert scores.var(ddof=0).to_list() == pytest.approx([1 + r, 1 - r])
    assert scores.mean().to_list() == pytest.approx([0, 0])


def test_components_are_those_of_the_correlation_matrix_and_their_largest_loading_is_positive() -> None:
    frame = study(teachers=10)
    loadings, variance, _ = components(frame, components=4)
    vectors = loadings["loading"].to_numpy().reshape(4, 4)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(4), atol=1e-12)
    correlation = frame[METRICS].corr().to_numpy()
    np.testing.assert_allclose(vectors.T @ np.diag(variance["eigenvalue"]) @ vectors, correlation, atol=1e-12)
    assert (vectors[np.arange(4), np.abs(vectors).argmax(axis=1)] > 0).all()
    assert variance["share"].sum() == pytest.approx(1)
    assert loadings["metric"].to_list() == METRICS * 4


@given(arrays(np.float64, 4, elements=st.floats(0.01, 100)), arrays(np.float64, 4, elements=st.floats(-100, 100)))
@settings(max_examples=20)
def test_components_do_not_depend_on_units_or_origins(scale: Array, shift: Array) -> None:
    frame = study()
    changed = frame.assign(**{name: frame[name] * scale[k] + shift[k] for k, name in enumerate(METRICS)})
    for before, after in zip(components(frame), components(changed), strict=True):
        numbers = before.select_dtypes("number").columns
        np.testing.assert_allclose(after[numbers].to_numpy(), before[numbers].to_numpy(), atol=1e-7)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_rounding_changes_no_interval_and_no_p_value(seed: int) -> None:
    """Also where resamples of teachers and languages have few different cells, and a rearrangement changes nothing."""
    rng = np.random.default_rng(seed)
    frame = study(4, 3, seed)
    rounded = frame.assign(**{name: frame[name] * (1 + 1e-10 * rng.normal(size=12)) for name in METRICS})
    for measure in (partial(components, components=3, resamples=400), partial(regress, components=2, permutations=400)):
        for before, after in zip(measure(frame), measure(rounded), strict=True):
            numbers = before.select_dtypes("number").columns
            np.testing.assert_allclose(after[numbers].to_numpy(), before[numbers].to_numpy(), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_direction_without_variance_is_no_component_of_a_resample(seed: int) -> None:
    """Of 4 teachers in 3 languages, one resample in nine has fewer than three components, and some have three and no more."""
    variance = components(study(4, 3, seed), components=3, resamples=2000)[1]
    assert (variance["low"] > 1e-6).all()
    assert variance["note"].str.fullmatch(r"only 1[67]\d\d of 2000 resamples could be used").all()


def test_resampled_components_keep_order_and_sign() -> None:
    """Loadings of two clear components stay on their side, although a resampled component has no sign or order of its own."""
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(60, 2)) * [1, 0.9]
    frame = pd.DataFrame(factors[:, [0, 0, 1, 1]] + 0.1 * rng.normal(size=(60, 4)), columns=METRICS)
    loadings, variance, _ = components(frame, resamples=300)
    large = loadings[loadings["loading"].abs() > 0.5]
    assert (np.sign(large["low"]) == np.sign(large["high"])).all()
    assert ((variance["low"] < variance["share"]) & (variance["share"] < variance["high"])).all()
    pd.testing.assert_frame_equal(components(frame, seed=1)[0], components(frame, seed=1)[0])
    assert not components(frame, seed=1)[0].equals(components(frame, seed=2)[0])


@pytest.mark.parametrize(
    ("frame", "options", "note"),
    [
        (study().iloc[:0], {}, "0 complete rows"),
        (study().iloc[:2], {}, "2 complete rows"),
        (study(b=1.0, c=2.0), {}, "constant column: b, c"),
        (study(), {"components": 5}, "no 5 components"),
        (study(a=np.nan), {}, "0 complete rows"),
    ],
)
def test_components_that_cannot_be_found(frame: pd.DataFrame, options: dict[str, Any], note: str) -> None:
    loadings, variance, scores = components(frame, **options)
    assert loadings["loading"].isna().all()
    assert scores.isna().all(axis=None)
    assert len(scores) == len(frame)
    assert variance["note"].str.contains(note).all()


def test_components_without_resamples_have_no_intervals() -> None:
    loadings, variance, _ = components(study(), resamples=0)
    assert loadings["loading"].notna().all()
    assert loadings[["low", "high"]].isna().all(axis=None)
    assert variance[["low", "high"]].isna().all(axis=None)


def test_regression_on_all_components_is_the_regression_on_the_metrics() -> None:
    from statsmodels.api import OLS, add_constant

    frame = study()
    expected = OLS(frame["y"], add_constant(frame[METRICS])).fit()
    validation, coefficients, predictions = regress(frame, components=4)
    inside = validation.set_index("validation").loc["in_sample"]
    assert inside["r2"] == pytest.approx(expected.rsquared)
    assert inside["rmse"] == pytest.approx(np.sqrt(np.mean(expected.resid**2)))
    np.testing.assert_allclose(predictions["in_sample"], expected.fittedvalues)
    assert at(coefficients, 0, "coefficient") == pytest.approx(frame["y"].mean())
    predicted = predict_new(frame, METRICS, "y", frame, components=4, confidence=0.9)
    wanted = expected.get_prediction(add_constant(frame[METRICS])).summary_frame(alpha=0.1)
    np.testing.assert_allclose(predicted["prediction"], wanted["mean"])
    assert (predicted["low"] < predicted["prediction"]).all()


def test_held_out_groups_are_predicted_from_the_others_alone() -> None:
    """One fold by scikit-learn's own pipeline; R2 against the training folds' means."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = study()
    validation, _, predictions = regress(frame)
    assert validation["validation"].to_list() == ["in_sample", "leave_one_lang_out", "leave_one_teacher_out"]
    assert validation["groups"].to_list() == [0, 4, 5]
    assert list(predictions) == ["teacher", "lang", "actual", *validation["validation"]]
    for name in ("lang", "teacher"):
        model = make_pipeline(StandardScaler(), PCA(2), LinearRegression())
        wanted = cross_val_predict(model, frame[METRICS], frame["y"], groups=frame[name], cv=LeaveOneGroupOut())
        np.testing.assert_allclose(predictions[f"leave_one_{name}_out"], wanted)
        total = (frame["y"].sum() - frame.groupby(name)["y"].transform("sum")) / (20 - frame.groupby(name)["y"].transform("size"))
        r2 = 1 - np.sum((frame["y"] - wanted) ** 2) / np.sum((frame["y"] - total) ** 2)
        row = validation.set_index("validation").loc[f"leave_one_{name}_out"]
        assert row["r2"] == pytest.approx(r2)
        assert row["rmse"] == pytest.approx(np.sqrt(np.mean((frame["y"] - wanted) ** 2)))


def test_a_held_out_row_does_not_change_its_own_prediction() -> None:
    frame = study()
    changed = frame.assign(y=frame["y"].where(frame["lang"] != "l1", 1e6))
    before, after = (regress(each)[2].query("lang == 'l1'") for each in (frame, changed))
    np.testing.assert_allclose(after["leave_one_lang_out"], before["leave_one_lang_out"])
    assert not np.allclose(after["in_sample"], before["in_sample"])


def test_permutation_p_values_of_a_strong_and_of_no_relation() -> None:
    strong = regress(study(), permutations=199)[0]
    assert (strong["p_permutation"] == 1 / 200).all()
    none = regress(study(y=np.random.default_rng(9).normal(size=20)), permutations=199)[0]
    assert (none["p_permutation"] > 0.05).all()
    assert regress(study(), permutations=0)[0]["p_permutation"].isna().all()


def test_an_outcome_that_only_says_which_teacher_is_not_taken_for_twenty_cells() -> None:
    """With teachers' effects alone, three teachers have six orders: no p-value may fall below one sixth, nearly."""
    frame = study(teachers=3, languages=8)
    frame = frame.assign(a=frame["size"], b=frame["size"] + 0.01 * frame["b"], y=frame["size"])
    validation = regress(frame, permutations=999)[0]
    assert at(validation, 0, "r2") > 0.9
    assert (validation["p_permutation"] > 0.1).all()


def test_few_rearrangements_are_noted_and_none_gives_no_p_value() -> None:
    few = regress(study(teachers=3, languages=2), components=1)[0]
    assert at(few, 0, "note") == "only 12 rearrangement(s) keep the design"
    frame = study(teachers=6, languages=6)
    teacher, lang = (frame[name].str[1:].astype(int) for name in ("teacher", "lang"))
    ragged = regress(frame[lang <= teacher])[0]  # no two teachers with the same languages
    assert ragged["r2"].notna().all()
    assert ragged["p_permutation"].isna().all()
    assert at(ragged, 0, "note") == "only 1 rearrangement(s) keep the design"


def test_any_factor_can_be_held_out_and_a_family_moves_with_its_teacher() -> None:
    frame = study(teachers=6)
    frame["family"] = frame["teacher"].map(lambda name: "f" + str(int(name[1:]) // 2))
    validation, _, predictions = regress(frame, within=("family",))
    assert validation["validation"].to_list() == ["in_sample", "leave_one_family_out"]
    assert list(predictions)[:4] == ["teacher", "lang", "family", "actual"]
    plain = regress(frame)[0]
    assert at(validation, 0, "p_permutation") == at(plain, 0, "p_permutation")


@pytest.mark.parametrize(
    ("frame", "options", "note"),
    [
        (study().iloc[:0], {}, "0 training rows"),
        (study(y=1.0), {}, "outcome is constant"),
        (study(), {"components": 5}, "cannot hold 5 components"),
        (study(a=1.0, b=1.0, c=1.0), {}, "fewer than 2 components"),
        (study(y=np.nan), {}, "0 training rows"),
    ],
)
def test_regressions_that_cannot_be_fitted(frame: pd.DataFrame, options: dict[str, Any], note: str) -> None:
    validation, coefficients, predictions = regress(frame, **options)
    assert validation[["r2", "rmse", "p_permutation"]].isna().all(axis=None)
    assert at(validation, 0, "note").startswith(note) or note in at(validation, 0, "note")
    assert coefficients["coefficient"].isna().all()
    assert predictions["in_sample"].isna().all()
    new = predict_new(frame, METRICS, "y", study(), components=options.get("components", 2), confidence=0.95)
    assert new["prediction"].isna().all()
    assert new["note"].str.contains(note).all()


def test_one_teacher_can_be_fitted_but_not_held_out() -> None:
    validation = regress(study(teachers=1, languages=12))[0].set_index("validation")
    assert at(validation, "in_sample", "r2") > 0
    assert np.isnan(at(validation, "leave_one_teacher_out", "r2"))
    assert "0 training rows" in at(validation, "leave_one_teacher_out", "note")


def test_a_prediction_interval_is_wider_far_from_the_cells_it_was_fitted_on() -> None:
    frame = study()
    new = pd.DataFrame([frame[METRICS].mean(), frame[METRICS].mean() + 10], index=["near", "far"])
    found = predict_new(frame, METRICS, "y", new, components=2, confidence=0.95)
    width = found["high"] - found["low"]
    assert list(found) == ["prediction", "low", "high", "n", "note"]
    assert width["far"] > 2 * width["near"]
    assert predict_new(frame, METRICS, "y", new.iloc[:0], components=2, confidence=0.95).empty


def test_one_teacher_gives_a_prediction_without_an_interval() -> None:
    frame = study().assign(teacher="one")
    predicted = predict_new(frame, METRICS, "y", frame, components=2, confidence=0.9)
    assert predicted["prediction"].notna().all()
    assert predicted[["low", "high"]].isna().all(axis=None)
    assert (predicted["note"] == "too few teachers for an interval").all()
