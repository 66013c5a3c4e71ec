"""Statistics over cells: known answers, what must not change them, and studies too small for an answer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyglot.analysis.components import component_regression, predict_new, principal_components
from polyglot.scoring.statistics import mixed_effects, rank_probabilities, spearman_matrix

Array = npt.NDArray[np.float64]
METRICS = ["a", "b", "c", "d"]


def study(teachers: int = 5, languages: int = 4, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Cells with four metrics, an outcome y that depends on two of them, and a size constant within teachers."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        list(itertools.product([f"t{k}" for k in range(teachers)], [f"l{k}" for k in range(languages)])),
        columns=["teacher", "lang"],
    )
    metrics = rng.normal(size=(len(frame), 4)) @ np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
    frame[METRICS] = metrics
    size = rng.normal(size=teachers).repeat(languages)
    noise = rng.normal(size=len(frame))
    return frame.assign(y=metrics[:, 0] + metrics[:, 1] + 0.3 * noise, size=size).assign(**columns)


def at(table: pd.DataFrame, row: Any, column: str) -> Any:
    """One value of a table (pandas' types do not know what kind it is)."""
    return table.loc[row, column]


def regress(frame: pd.DataFrame, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    chosen: dict[str, Any] = {"components": 2, "confidence": 0.95, "permutations": 39, "seed": 0}
    return component_regression(frame, METRICS, "y", **(chosen | options))


def components(frame: pd.DataFrame, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    chosen: dict[str, Any] = {"components": 2, "resamples": 50, "confidence": 0.95, "seed": 0}
    return principal_components(frame, METRICS, **(chosen | options))


def test_a_predictor_constant_within_teachers_is_the_regression_on_the_teachers_means() -> None:
    """The textbook answer in a balanced design: coefficient, standard error and degrees of freedom are those of ten points."""
    from statsmodels.api import OLS, add_constant

    frame = study(teachers=10, languages=6, seed=1)
    noise = np.random.default_rng(3).normal(size=10).repeat(6) + np.random.default_rng(4).normal(size=60)
    frame = frame.assign(y=noise + frame["size"])
    means = frame.groupby("teacher")[["y", "size"]].mean()
    expected = OLS(means["y"], add_constant(means["size"])).fit()
    found = mixed_effects(frame, "y", "size", confidence=0.95)
    assert list(found["term"]) == ["intercept", "size"]
    assert found["coefficient"].to_list() == pytest.approx(expected.params.to_list(), rel=1e-4)
    assert found["se"].to_list() == pytest.approx(expected.bse.to_list(), rel=1e-3)
    assert found["df"].to_list() == pytest.approx([8, 8], rel=1e-2)
    assert found["p"].to_list() == pytest.approx(expected.pvalues.to_list(), rel=1e-2)
    assert found[["low", "high"]].to_numpy() == pytest.approx(expected.conf_int().to_numpy(), rel=1e-2)
    assert found["converged"].all()
    assert set(found["note"]) == {""}


def test_a_predictor_that_varies_within_teachers_is_the_regression_with_teacher_effects() -> None:
    frame = study(teachers=6, languages=5)
    rng = np.random.default_rng(2)
    frame["x"] = np.tile(np.arange(5) - 2.0, 6)
    frame["y"] = 3 * rng.normal(size=6).repeat(5) + 0.7 * frame["x"] + rng.normal(size=30)
    found = mixed_effects(frame, "y", "x", confidence=0.95).set_index("term")
    x, centred = frame["x"].to_numpy(), (frame["y"] - frame.groupby("teacher")["y"].transform("mean")).to_numpy()
    slope = centred @ x / (x @ x)
    residual = np.sqrt(np.sum((centred - slope * x) ** 2) / 23)
    assert at(found, "x", "coefficient") == pytest.approx(slope, rel=1e-6)
    assert at(found, "x", "df") == pytest.approx(30 - 6 - 1, rel=1e-6)
    assert at(found, "x", "residual_sd") == pytest.approx(residual, rel=1e-3)
    assert at(found, "x", "se") == pytest.approx(residual / np.sqrt(x @ x), rel=1e-3)
    assert at(found, "intercept", "df") == pytest.approx(5, rel=1e-2)


def test_the_mixed_models_standard_error_is_that_of_statsmodels() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = study(teachers=8, languages=5).iloc[::-1].iloc[3:]
    frame["x"] = frame["a"] + frame["size"]
    frame["y"] = frame["size"] + frame["b"]
    found = mixed_effects(frame, "y", "x", confidence=0.95)
    fit = MixedLM.from_formula("y ~ x", frame, groups="teacher").fit(reml=True, method="powell")
    assert found["coefficient"].to_list() == pytest.approx(fit.fe_params.to_list(), rel=1e-3)
    assert found["se"].to_list() == pytest.approx(fit.bse_fe.to_list(), rel=1e-3)


@settings(max_examples=15)
@given(st.floats(0.01, 1000), st.floats(-100, 100), st.floats(0.01, 1000), st.floats(-100, 100))
def test_a_mixed_model_follows_units_and_origins(scale_y: float, shift_y: float, scale_x: float, shift_x: float) -> None:
    frame = study(seed=5)
    changed = frame.assign(y=frame["y"] * scale_y + shift_y, size=frame["size"] * scale_x + shift_x)
    before, after = (mixed_effects(each, "y", "size", confidence=0.9).iloc[1] for each in (frame, changed))
    for name in ("coefficient", "se", "low", "high"):
        assert after[name] == pytest.approx(before[name] * scale_y / scale_x, rel=1e-3, abs=1e-6 * scale_y / scale_x)
    assert after["p"] == pytest.approx(before["p"], rel=1e-2)


def test_no_variance_between_teachers_is_an_ordinary_regression_and_says_so() -> None:
    frame = study(teachers=5, languages=6)
    frame["y"] = np.tile([-2.0, -1, 0, 0.5, 1, 1.5], 5) + 0.01 * frame["a"]
    found = mixed_effects(frame, "y", "size", confidence=0.95)
    assert (found["group_sd"] == 0).all()
    assert (found["df"] == 28).all()
    assert found["note"].str.contains("boundary").all()
    assert found["se"].gt(0).all()


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (study().iloc[:0], "0 group"),
        (study(teachers=1), "1 group"),
        (study(size=2.0), "predictor is constant"),
        (study(y=1.0), "outcome is constant"),
        (study(languages=1), "one row"),
        (study(teachers=2), "at least 3 groups"),
        (study(y=study()["size"] * 2), "exactly"),
        (study(y=np.nan), "0 group"),
        (study(y=np.inf), "0 group"),
    ],
)
def test_a_mixed_model_that_cannot_be_fitted(frame: pd.DataFrame, note: str) -> None:
    found = mixed_effects(frame, "y", "size", confidence=0.95)
    assert found["coefficient"].isna().all()
    assert not found["converged"].any()
    assert found["note"].str.contains(note).all()


@settings(max_examples=40)
@given(
    arrays(np.float64, (7, 2), elements=st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e9, np.nan])),
    st.lists(st.sampled_from(["t1", "t2", "t3", None]), min_size=7, max_size=7),
)
def test_no_small_study_raises(values: Array, teachers: list[str | None]) -> None:
    frame = pd.DataFrame(values, columns=["x", "y"]).assign(
        teacher=np.array(teachers, dtype=object), lang=["l1", "l2", "l3", "l1", "l2", "l3", "l1"]
    )
    found = mixed_effects(frame, "y", "x", confidence=0.95)
    assert (found["coefficient"].notna() | (found["note"] != "")).all()
    columns = ["x", "y"]
    _, variance, _ = principal_components(frame, columns, components=2, resamples=10, confidence=0.95, seed=0)
    assert (variance["share"].notna() | (variance["note"] != "")).all()
    validation = component_regression(frame, ["x"], "y", components=1, confidence=0.9, permutations=5, seed=0)[0]
    assert (validation["r2"].notna() | (validation["note"] != "")).all()
    predicted = predict_new(frame, ["x"], "y", frame, components=1, confidence=0.9)
    assert (predicted["prediction"].notna() | (predicted["note"] != "")).all()
    correlations = spearman_matrix(frame, columns, confidence=0.95)
    assert (correlations["rho"].notna() | (correlations["note"] != "")).all()


def test_rows_with_a_missing_value_are_left_out_and_counted() -> None:
    frame = study()
    holes = frame.assign(a=frame["a"].where(frame.index != 3), y=frame["y"].where(frame.index != 4))
    assert (mixed_effects(holes, "y", "size", confidence=0.95)["n"] == 19).all()
    _, variance, scores = components(holes)
    assert (variance["n"] == 19).all()
    assert scores.index[scores["PC1"].isna()].to_list() == [3]
    validation, coefficients, predictions = regress(holes)
    assert set(validation["n"]) == set(coefficients["n"]) == {18}
    assert predictions.index.to_list() == [row for row in range(20) if row not in (3, 4)]
    pd.testing.assert_frame_equal(predictions, regress(holes.drop(index=[3, 4]))[2])
    predicted = predict_new(holes, METRICS, "y", holes, components=2, confidence=0.95)
    assert predicted.index[predicted["prediction"].isna()].to_list() == [3]
    assert at(predicted, 3, "note") == "a value is missing"
    found = spearman_matrix(holes, ["a", "b", "y"], confidence=0.95).set_index(["a", "b"])["n"]
    assert [found["a", "y"], found["a", "b"], found["b", "b"]] == [18, 19, 20]


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
    np.testing.assert_allclose(predicted[["prediction", "low", "high"]], wanted[["mean", "obs_ci_lower", "obs_ci_upper"]])


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


def test_spearman_of_a_published_formula() -> None:
    """rho = 1 - 6 sum(d^2) / (n (n^2 - 1)), and the interval by hand."""
    x = np.arange(10.0)
    y = x[[1, 0, 3, 2, 5, 4, 7, 6, 9, 8]]
    found = spearman_matrix(pd.DataFrame({"x": x, "y": y}), ["x", "y"], confidence=0.95)
    assert found[["a", "b"]].to_numpy().tolist() == [["x", "x"], ["x", "y"], ["y", "x"], ["y", "y"]]
    rho = 1 - 6 * 10 / 990
    row = found.iloc[1]
    step = 1.959963985 * np.sqrt((1 + rho**2 / 2) / 7)
    assert row["rho"] == pytest.approx(rho)
    assert [row["low"], row["high"]] == pytest.approx([np.tanh(np.arctanh(rho) - step), np.tanh(np.arctanh(rho) + step)])
    assert found.drop(columns=["a", "b"]).iloc[1].equals(found.drop(columns=["a", "b"]).iloc[2])
    assert found.loc[[0, 3], ["rho", "low", "high"]].eq(1).all(axis=None)


@given(arrays(np.float64, (9, 2), elements=st.integers(-5, 5).map(float)))
def test_spearman_depends_on_order_alone_and_lies_in_its_interval(values: Array) -> None:
    frame = pd.DataFrame(values, columns=["x", "y"])
    before = spearman_matrix(frame, ["x", "y"], confidence=0.9).iloc[1]
    after = spearman_matrix(frame.assign(x=np.exp(frame["x"])), ["x", "y"], confidence=0.9).iloc[1]
    opposite = spearman_matrix(frame.assign(y=-frame["y"]), ["x", "y"], confidence=0.9).iloc[1]
    if before["note"] == "":
        assert after["rho"] == pytest.approx(before["rho"])
        assert -1 <= before["low"] <= before["rho"] <= before["high"] <= 1
        assert [opposite["low"], opposite["high"]] == pytest.approx([-before["high"], -before["low"]])
    else:
        assert np.isnan(before["rho"])


@pytest.mark.parametrize(("n", "p"), [(3, 2 / 6), (4, 2 / 24), (5, 2 / 120)])
def test_few_points_in_perfect_order_are_no_certainty(n: int, p: float) -> None:
    row: Any = spearman_matrix(pd.DataFrame({"x": np.arange(n), "y": np.arange(n)}), ["x", "y"], confidence=0.95).iloc[1]
    assert row["rho"] == pytest.approx(1)
    assert row["p"] == pytest.approx(p)
    if n < 4:
        assert np.isnan(row["low"])
        assert row["note"] == "an interval needs 4 pairs"
    else:
        assert row["low"] < 0.9
        assert row["high"] == 1


def test_ranks_of_clear_and_of_tied_teachers() -> None:
    rng = np.random.default_rng(0)
    point = pd.Series({"low": 0.0, "best": 3.0, "tied": 1.0, "also": 1.0, "hole": np.nan, "gap": 5.0})
    shared = rng.normal(scale=0.1, size=(400, 1))
    wide = pd.DataFrame(point.to_numpy() + shared + rng.normal(scale=0.01, size=(400, 6)), columns=point.index)
    wide.loc[7, "gap"] = np.nan
    table = rank_probabilities(wide, point=point, confidence=0.95).set_index("teacher")
    assert table["rank"].dropna().to_dict() == {"best": 1, "tied": 2, "also": 2, "low": 4}
    assert table.filter(["best"], axis=0).drop(columns=["n", "note"]).eq(1).all(axis=None)
    assert [at(table, "tied", name) for name in ("rank_low", "rank_high")] == [2, 3]
    assert at(table, "tied", "expected_rank") == pytest.approx(2.5, abs=0.1)
    assert at(table, "low", "p_top") == 0
    assert table.loc[["hole", "gap"]].drop(columns=["n", "note"]).isna().all(axis=None)
    assert list(table.index[-2:]) == ["hole", "gap"]
    assert at(table, "gap", "note") == "a score is missing"


def test_equal_replicates_share_the_first_place() -> None:
    point = pd.Series({"a": 1.0, "b": 1.0})
    table = rank_probabilities(pd.DataFrame({"a": [1.0] * 5, "b": [1.0] * 5}), point=point, confidence=0.95)
    assert table["p_first"].to_list() == [1, 1]
    assert table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_without_replicates_there_are_ranks_but_no_probabilities() -> None:
    point = pd.Series({"a": 1.0, "b": 2.0})
    table = rank_probabilities(pd.DataFrame(columns=["a", "b"], dtype=float), point=point, confidence=0.95)
    assert table["teacher"].to_list() == ["b", "a"]
    assert table["rank"].to_list() == [1, 2]
    assert table[["p_first", "rank_low"]].isna().all(axis=None)
    assert set(table["note"]) == {"no replicates"}
    assert rank_probabilities(pd.DataFrame(), point=pd.Series(dtype=float), confidence=0.95).empty


@given(arrays(np.float64, (20, 4), elements=st.floats(-3, 3)))
def test_probabilities_of_ranks_agree_with_each_other(drawn: Array) -> None:
    wide = pd.DataFrame(drawn, columns=list("abcd"))
    table = rank_probabilities(wide, point=wide.mean(), confidence=0.9, top=2)
    assert (table["p_first"] <= table["p_top"]).all()
    assert table["p_first"].sum() >= 1 - 1e-12
    assert ((table["rank_low"] <= table["rank"]) & (table["rank"] <= table["rank_high"])).all()
    assert table["expected_rank"].between(1, 4).all()
    assert rank_probabilities(wide, point=wide.mean(), confidence=0.9, top=4)["p_top"].eq(1).all()
