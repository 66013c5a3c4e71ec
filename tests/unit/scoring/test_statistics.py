"""Statistics over cells: known answers, what must not change them, and studies too small for an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyglot.analysis.components import component_regression, predict_new, principal_components
from polyglot.scoring.statistics import holm, mixed_effects, rank_probabilities, spearman_matrix
from tests.unit.made_up_cells import METRICS, Array, at, components, regress, study


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
    wide.loc[:300, "gap"] = np.nan
    table = rank_probabilities(wide, point=point, confidence=0.95).set_index("teacher")
    assert table["rank"].dropna().to_dict() == {"best": 1, "tied": 2, "also": 2, "low": 4}
    assert table.filter(["best"], axis=0).drop(columns=["n", "note", "p_lead"]).eq(1).all(axis=None)
    assert table["p_lead"].dropna().to_dict() == {"best": 1 / 401}
    assert [at(table, "tied", name) for name in ("rank_low", "rank_high")] == [2, 3]
    assert at(table, "tied", "expected_rank") == pytest.approx(2.5, abs=0.1)
    assert at(table, "low", "p_top") == 0
    assert table.loc[["hole", "gap"]].drop(columns=["n", "note"]).isna().all(axis=None)
    assert list(table.index[-2:]) == ["hole", "gap"]
    assert at(table, "gap", "note") == "a score is missing"


def test_a_replicate_without_a_score_is_left_out_and_takes_no_rank() -> None:
    """One resample in which base and reference tie has no PGR; it used to take every teacher's rank and P(first)."""
    rng = np.random.default_rng(0)
    point = pd.Series({"a": 1.0, "b": 0.0, "c": -1.0})
    wide = pd.DataFrame(point.to_numpy() + rng.normal(scale=0.1, size=(200, 3)), columns=point.index)
    whole = rank_probabilities(wide.drop(index=[3, 9]), point=point, confidence=0.95)
    wide.loc[3] = np.nan
    wide.loc[9, "b"] = np.nan
    table = rank_probabilities(wide, point=point, confidence=0.95)
    assert set(table["note"]) == {"2 replicates lack a score"}
    pd.testing.assert_frame_equal(table.drop(columns="note"), whole.drop(columns="note"))


def test_p_values_of_several_languages_are_adjusted_by_holm() -> None:
    adjusted = holm(np.array([0.02, np.nan, 0.01, 0.03, 0.9]))
    np.testing.assert_allclose(adjusted, [0.06, np.nan, 0.04, 0.06, 0.9])
    assert holm(np.array([])).size == 0


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
