"""The PG-Score in three definitions: algebra that must hold, and the trap that one of them avoids."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyglot.intrinsic.metrics import INTRINSIC, METRICS
from polyglot.scoring.scores import (
    Definition,
    MeasurementError,
    Parts,
    check_measurements,
    gap_flags,
    interval,
    intrinsic_components,
    intrinsic_score,
    performance_gap_recovered,
    pg_scores,
    rank_teachers,
    score_cells,
    zscore,
)
from polyglot.scoring.sensitivity import rank_correlation, sensitivity
from polyglot.scoring.statistics import rank_probabilities

values = arrays(np.float64, st.integers(2, 20), elements=st.floats(-1000, 1000, width=32))


def measured(**columns: Any) -> pd.DataFrame:
    """Measurements of two teachers in two languages, with some columns changed."""
    frame = pd.DataFrame(
        {
            "replicate": 0,
            "base": "b",
            "recipe": "equal",
            "teacher": ["a", "a", "b", "b"],
            "lang": ["de", "id", "de", "id"],
            "prompt_diversity": [0.7, 0.6, 0.5, 0.4],
            "response_diversity": [0.8, 0.7, 0.6, 0.5],
            "reward": [4.0, 3.5, 3.0, 2.5],
            "perplexity": [2.0, 3.0, 4.0, 5.0],
            "pgr_released": [1.0, 0.5, 0.2, 0.1],
            "pgr_paper": [1.1, 0.4, 0.2, 0.1],
            "gain": [0.15, 0.1, 0.05, -0.05],
        }
    )
    return frame.assign(**columns)


@given(values)
def test_zscores_have_mean_zero_and_unit_spread_or_are_zero(numbers: npt.NDArray[np.float64]) -> None:
    scored = zscore(numbers)
    assert scored.mean() == pytest.approx(0, abs=1e-6)
    assert scored.std() == pytest.approx(1, abs=1e-6) or not scored.any()


@given(values, st.floats(0.1, 10), st.floats(-100, 100))
def test_zscores_do_not_depend_on_unit_or_origin(numbers: npt.NDArray[np.float64], scale: float, shift: float) -> None:
    if numbers.std() > 1e-2:
        np.testing.assert_allclose(zscore(numbers * scale + shift), zscore(numbers), atol=1e-6)


def test_cells_that_happen_to_be_equal_are_not_certain() -> None:
    """By chance alone the gains of equal teachers may be the same, as of two students on few items."""
    rng = np.random.default_rng(0)
    values = np.vstack([np.full(4, 0.2), 0.2 + 0.05 * rng.normal(size=(2000, 4))])
    scored = zscore(values)
    assert (scored[0] == 0).all()
    assert scored[1:].std(axis=0) == pytest.approx([1, 1, 1, 1], rel=0.15)
    assert (zscore(np.full((5, 3), 0.2)) == 0).all()
    assert np.isnan(zscore(np.array([[0.2, 0.2, np.nan], [0.1, 0.3, np.nan]]))[:, 2]).all()


def test_an_interval_may_end_at_infinity() -> None:
    prices = np.append(np.linspace(1, 2, 900), np.full(100, np.inf))
    low, high = interval(prices, 0.95)
    assert 1 <= low < 1.1
    assert high == np.inf


def test_zscore_keeps_missing_values_missing() -> None:
    scored = zscore(np.array([1.0, np.nan, 3.0]))
    assert np.isnan(scored[1])
    assert scored[[0, 2]] == pytest.approx([-1, 1])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_student_like_its_reference_recovers_the_whole_gap(base: float, reference: float, student: float) -> None:
    ratio = performance_gap_recovered(np.array([reference, base]), np.array(base), np.array(reference))
    if base == reference:
        assert np.isnan(ratio).all()
    else:
        assert ratio == pytest.approx([1, 0])


def test_the_released_score_turns_round_when_the_reference_is_below_the_base() -> None:
    """The trap: the worse student has the higher PGR; the sign-safe extrinsic score keeps the order."""
    base, reference, students = 0.5, 0.4, np.array([0.6, 0.3])
    ratio = performance_gap_recovered(students, np.array(base), np.array(reference))
    assert ratio[1] > ratio[0]
    safe = pg_scores(Parts(np.zeros(2), {"gain": students - base}), alpha=0.5)["signsafe"]
    assert safe[0] > safe[1]


@given(
    arrays(np.float64, 6, elements=st.floats(-5, 5)),
    arrays(np.float64, 6, elements=st.floats(-5, 5)),
    st.integers(0, 5),
    st.floats(0.01, 5),
)
def test_signsafe_never_falls_when_a_students_gain_grows(
    intrinsic: npt.NDArray[np.float64], gains: npt.NDArray[np.float64], place: int, more: float
) -> None:
    better = gains.copy()
    better[place] += more
    before, after = (pg_scores(Parts(intrinsic, {"gain": g}), 0.5)["signsafe"] for g in (gains, better))
    assert after[place] >= before[place] - 1e-9


@pytest.mark.parametrize("items", [(1000, 1000), (650, 2870), (2870, 650)])
def test_a_language_weighs_the_same_whatever_its_number_of_items(items: tuple[int, int]) -> None:
    """Mean gains are 0.030 and 0.025: a leads. Divided by each language's standard error, b led with 650 and 2,870 items."""
    gains = np.array([0.06, 0.0, 0.0, 0.05])
    frame = measured(prompt_diversity=0.7, response_diversity=0.8, reward=3.0, perplexity=5.0, gain=gains)
    cells, replicates = score_cells(frame.assign(gain_se=np.sqrt(0.5 / np.tile(items, 2))), alpha=0.5, confidence=0.95)
    np.testing.assert_allclose(cells["pg_signsafe"], zscore(gains) / 2)
    assert rank_teachers(replicates, definition="signsafe", confidence=0.95)["teacher"].to_list() == ["a", "b"]


def test_a_better_metric_gives_a_better_intrinsic_score() -> None:
    frame = measured()
    arrays_ = {name: frame[name].to_numpy() for name in INTRINSIC}
    before = intrinsic_score(intrinsic_components(arrays_))
    for name in INTRINSIC:
        step = -1.0 if name == "perplexity" else 0.5
        changed = arrays_ | {name: arrays_[name] + np.array([0, step, 0, 0])}
        assert intrinsic_score(intrinsic_components(changed))[1] > before[1], name


def test_definitions_of_a_study() -> None:
    cells, _ = score_cells(measured(), alpha=0.5, confidence=0.95)
    np.testing.assert_allclose(cells["pg_released"], (cells["intrinsic"] + cells["pgr_released"]) / 2)
    np.testing.assert_allclose(cells["pg_paper"], zscore((cells["intrinsic"] + cells["pgr_paper"]).to_numpy()))
    assert cells["pg_signsafe"].is_monotonic_decreasing


def test_alpha_weighs_intrinsic_against_extrinsic() -> None:
    only_data, _ = score_cells(measured(), alpha=1, confidence=0.95)
    only_students, _ = score_cells(measured(), alpha=0, confidence=0.95)
    np.testing.assert_allclose(only_data["pg_released"], only_data["intrinsic"])
    np.testing.assert_allclose(only_students["pg_released"], only_students["pgr_released"])


def test_ranks_and_probability_of_being_first() -> None:
    rng = np.random.default_rng(0)
    frames = [measured()]
    for replicate in range(1, 201):
        noise = rng.normal(scale=0.05, size=4)
        frames.append(measured(replicate=replicate, reward=measured()["reward"] + noise))
    _, replicates = score_cells(pd.concat(frames), alpha=0.5, confidence=0.9)
    teachers = rank_teachers(replicates, definition="signsafe", confidence=0.9)
    assert list(teachers["teacher"]) == ["a", "b"]
    assert list(teachers["rank"]) == [1, 2]
    assert teachers["p_first"].sum() == pytest.approx(1)
    assert (teachers["pg_signsafe_low"] < teachers["pg_signsafe"]).all()
    assert (teachers["pg_signsafe"] < teachers["pg_signsafe_high"]).all()


def test_without_replicates_there_are_no_intervals() -> None:
    _, replicates = score_cells(measured(), alpha=0.5, confidence=0.95)
    teachers = rank_teachers(replicates, definition="released", confidence=0.95)
    assert teachers[["p_first", "pg_released_low"]].isna().all(axis=None)


def test_flags_a_reference_that_does_not_beat_its_base() -> None:
    gaps = pd.DataFrame({"lang": ["de", "id", "ar"], "base_score": 0.5, "reference_score": [0.4, 0.51, 0.7], "gap_se": 0.02})
    flagged = gap_flags(gaps.assign(gap=gaps["reference_score"] - gaps["base_score"]))
    assert list(flagged["flagged"]) == [True, True, False]
    assert list(flagged["reason"]) == ["reference below base", "gap within its standard error", ""]


def test_the_same_choice_gives_the_same_ranking() -> None:
    found = sensitivity(measured(), alpha=0.5, definition="signsafe", confidence=0.95)
    same = found[(found["choice"] == "alpha") & (found["value"] == "0.5")]
    assert same["spearman"].to_list() == pytest.approx([1, 1, 1])
    assert set(found["choice"]) == {"alpha", "without", "definition"}
    assert set(found.loc[found["choice"] == "without", "value"]) == set(INTRINSIC)
    assert (found["n"] == 2).all()
    assert (found["first"] == "a").all()


def test_without_the_metric_that_decides_the_order_turns_round() -> None:
    frame = measured(prompt_diversity=0.5, response_diversity=0.5, reward=[1.0, 1.0, 5.0, 5.0], perplexity=[2.0, 2.0, 3.0, 3.0])
    gainless = frame.assign(gain=0.0, pgr_released=0.0, pgr_paper=0.0)
    found = sensitivity(gainless.assign(reward=[1.0, 1.0, 5.0, 4.9]), alpha=1.0, definition="released", confidence=0.95)
    without = found[(found["choice"] == "without") & (found["definition"] == "released")].set_index("value")["first"]
    assert without["reward"] == "a"
    assert without["perplexity"] == "b"


def test_a_resample_without_a_definition_does_not_drop_the_definition() -> None:
    """A resample in which reference and base are equal has no ratio; the others do."""
    drawn = [
        measured(replicate=replicate, pgr_paper=[1.0, 0.5, 0.2, np.nan if replicate == 3 else 0.1]) for replicate in range(9)
    ]
    found = sensitivity(pd.concat(drawn), alpha=0.5, definition="signsafe", confidence=0.95)
    assert found.loc[found["definition"] == "paper", ["spearman", "low"]].notna().all(axis=None)


@pytest.mark.parametrize("definition", ["released", "paper"])
def test_a_resample_in_which_base_and_reference_tie_takes_no_rank(definition: Definition) -> None:
    """Under a tie in one language no teacher has a PGR there, and so no average in that resample."""
    drawn = [
        measured(replicate=one, **{f"pgr_{definition}": [1.0, 0.5, 0.2, 0.1] if one % 50 else [np.nan, 0.5, np.nan, 0.1]})
        for one in range(1, 101)
    ]
    _, replicates = score_cells(pd.concat([measured(), *drawn]), alpha=0.5, confidence=0.95)
    teachers = rank_teachers(replicates, definition=definition, confidence=0.95)
    assert teachers["rank"].to_list() == [1, 2]
    assert teachers[["p_first", "rank_low", "rank_high"]].notna().all(axis=None)
    assert (teachers["n"] == 98).all()


def test_rank_correlation_is_spearmans() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, size=(2, 20, 8)).astype(float)
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(rank_correlation(first, second), expected)
    assert np.isnan(rank_correlation(first[:, :1], second[:, :1])).all()


def test_a_cell_of_the_main_recipe_scores_the_same_beside_other_recipes() -> None:
    alone, _ = score_cells(measured(), alpha=0.5, confidence=0.95, recipe="equal")
    other = measured(recipe="respond", reward=[1.0, 2.0, 3.0, 4.0], perplexity=9.0, gain=[0.9, 0.8, 0.7, 0.6])
    both, _ = score_cells(pd.concat([measured(), other]), alpha=0.5, confidence=0.95, recipe="equal")
    pd.testing.assert_frame_equal(both[both["recipe"] == "equal"].reset_index(drop=True), alone)
    assert not both.loc[both["recipe"] == "respond", "pg_signsafe"].isna().any()


def test_bases_are_scored_apart() -> None:
    alone, _ = score_cells(measured(), alpha=0.5, confidence=0.95)
    both, _ = score_cells(pd.concat([measured(), measured(base="c", reward=[0.0, 9.0, 0.0, 9.0])]), alpha=0.5, confidence=0.95)
    pd.testing.assert_frame_equal(both[both["base"] == "b"].reset_index(drop=True), alone)


def test_a_frozen_reference_set_keeps_scores_when_a_teacher_is_added() -> None:
    frozen, _ = score_cells(measured(), alpha=1.0, confidence=0.95)
    third = measured().iloc[2:].assign(teacher="c", reward=1.0, perplexity=30.0)
    grown, _ = score_cells(pd.concat([measured(), third]), alpha=1.0, confidence=0.95, frozen=frozen)
    kept = grown[grown["teacher"] != "c"].reset_index(drop=True)
    np.testing.assert_allclose(kept["intrinsic"], frozen["intrinsic"])
    moved, _ = score_cells(pd.concat([measured(), third]), alpha=1.0, confidence=0.95)
    assert not np.allclose(moved.loc[moved["teacher"] != "c", "intrinsic"], frozen["intrinsic"])


def four_teachers(replicates: int = 20) -> pd.DataFrame:
    """Four teachers in three languages of two bases, the last teacher far ahead, with replicates."""
    rng = np.random.default_rng(0)
    cells = [(base, f"t{teacher}", lang) for base in "bc" for teacher in range(4) for lang in "xyz"]
    columns = [*INTRINSIC, "gain", "pgr_released", "pgr_paper"]
    values = rng.normal(size=(replicates + 1, len(cells), len(columns))) / 20
    values[:, [cell[1] == "t3" for cell in cells], 4:] += 6
    frames = [
        pd.DataFrame(cells, columns=["base", "teacher", "lang"]).assign(
            replicate=replicate, recipe="equal", **dict(zip(columns, (4 + row).T, strict=True))
        )
        for replicate, row in enumerate(values)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("left_out", ["t0", "t1", "t2", "t3"])
def test_on_a_frozen_scale_no_score_moves_when_a_teacher_is_left_out(left_out: str) -> None:
    measurements = four_teachers()
    frozen, _ = score_cells(measurements, alpha=0.5, confidence=0.95, recipe="equal")
    settings: dict[str, Any] = {"alpha": 0.5, "confidence": 0.95, "recipe": "equal", "frozen": frozen}
    whole, drawn = score_cells(measurements, **settings)
    fewer, drawn_fewer = score_cells(measurements[measurements["teacher"] != left_out], **settings)
    pd.testing.assert_frame_equal(whole[whole["teacher"] != left_out].reset_index(drop=True), fewer)
    pd.testing.assert_frame_equal(drawn[drawn["teacher"] != left_out].reset_index(drop=True), drawn_fewer)
    names = ["intrinsic", "pg_released", "pg_paper", "pg_signsafe"]
    np.testing.assert_allclose(whole[names], frozen[names])


def test_a_frozen_scale_must_know_what_every_definition_needs() -> None:
    frozen = score_cells(measured(), alpha=0.5, confidence=0.95)[0].drop(columns="gain")
    with pytest.raises(MeasurementError, match=r"scoring\.scale: no column gain"):
        score_cells(measured(), alpha=0.5, confidence=0.95, frozen=frozen)


def test_a_hole_stays_a_hole_and_moves_no_other_cell() -> None:
    hole = pd.DataFrame({"replicate": [0], "base": "b", "recipe": "equal", "teacher": "c", "lang": "de"})
    cells, replicates = score_cells(pd.concat([measured(), hole]), alpha=0.5, confidence=0.95)
    alone, _ = score_cells(measured(), alpha=0.5, confidence=0.95)
    missing = cells[cells["teacher"] == "c"]
    assert missing[["intrinsic", "pg_released", "pg_signsafe"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(cells[cells["teacher"] != "c"].reset_index(drop=True), alone)
    teachers = rank_teachers(replicates, definition="signsafe", confidence=0.95).set_index("teacher")
    assert teachers["rank"].isna().to_dict() == {"a": False, "b": False, "c": True}
    assert teachers.loc["c", "languages"] == 0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (measured().drop(columns="reward"), "reward"),
        (pd.concat([measured(), measured().iloc[:1]]), r"duplicate cell \(b, equal, a, de\)"),
        (pd.concat([measured(), measured(replicate=1).iloc[:3]]), "replicate 1 has 3 cells"),
    ],
)
def test_measurements_that_cannot_be_scored(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(MeasurementError, match=message):
        check_measurements(frame)


def test_a_teacher_with_an_unknown_cell_has_no_average() -> None:
    """An average over fewer languages than the others' would not be comparable."""
    _, replicates = score_cells(measured(pgr_paper=[1.0, np.nan, 0.2, 0.1]), alpha=0.5, confidence=0.95)
    teachers = rank_teachers(replicates, definition="signsafe", confidence=0.95).set_index("teacher")
    assert teachers["pg_paper"].isna().to_dict() == {"a": True, "b": False}


def test_what_is_measured_and_not_scored_changes_no_score() -> None:
    usual, _ = score_cells(measured(), alpha=0.5, confidence=0.95)
    beside, _ = score_cells(measured(distinct_2=[0.1, 0.9, 0.3, 0.5]), alpha=0.5, confidence=0.95)
    assert beside["distinct_2"].tolist() == [0.1, 0.9, 0.3, 0.5]
    pd.testing.assert_frame_equal(usual, beside.drop(columns="distinct_2"))


def test_the_score_takes_the_metrics_that_a_study_names_with_the_better_end_up() -> None:
    frame = measured(compression_ratio=[2.0, 3.0, 4.0, 7.0]).drop(columns=["prompt_diversity", "response_diversity"])
    scored = (METRICS["reward"], METRICS["compression_ratio"])
    cells, _ = score_cells(frame, alpha=1.0, confidence=0.95, scored=scored)
    assert [name for name in cells.columns if name.startswith("z_")] == ["z_reward", "z_compression_ratio"]
    np.testing.assert_allclose(cells["z_compression_ratio"], zscore(-frame["compression_ratio"].to_numpy()))
    np.testing.assert_allclose(cells["intrinsic"], (cells["z_reward"] + cells["z_compression_ratio"]) / 2)
    with pytest.raises(MeasurementError, match=r"scoring\.scale: no column compression_ratio"):
        score_cells(frame, alpha=1.0, confidence=0.95, scored=scored, frozen=measured())
    found = sensitivity(frame, alpha=0.5, definition="signsafe", confidence=0.95, scored=scored)
    assert set(found.loc[found["choice"] == "without", "value"]) == {"reward", "compression_ratio"}
    alone = sensitivity(frame, alpha=0.5, definition="signsafe", confidence=0.95, scored=scored[:1])
    assert "without" not in set(alone["choice"])


def two_teachers(replicates: int = 200, gain: float = 0.0) -> pd.DataFrame:
    """Two teachers in one language, each ahead in two metrics, whose students gain the same; z-scores of real numbers."""
    rng = np.random.default_rng(0)
    point = {
        "one": [0.1 + 0.2, 0.71, 2.91, 1.37, gain],
        "two": [0.3000000001, 0.69, 2.93, 1.3700001, gain],
    }
    rows = []
    for replicate in range(replicates + 1):
        for teacher, values in point.items():
            drawn = np.array(values) + rng.normal(scale=0.01, size=5) * (replicate > 0)
            row = dict(zip((*INTRINSIC, "gain"), drawn, strict=True))
            rows.append({"replicate": replicate, "base": "b", "recipe": "equal", "teacher": teacher, "lang": "sw", **row})
    return pd.DataFrame(rows)


def test_scores_that_are_equal_up_to_rounding_share_their_rank_and_no_teacher_leads() -> None:
    measured = two_teachers()
    cells, replicates = score_cells(measured, alpha=0.5, confidence=0.95)
    assert cells["pg_signsafe"].nunique() == cells["intrinsic"].nunique() == 1
    ranked = rank_teachers(replicates, definition="signsafe", confidence=0.95)
    assert ranked["rank"].tolist() == [1, 1]
    assert ranked["p_lead"].max() == 1
    found = sensitivity(measured, alpha=0.5, definition="signsafe", confidence=0.95)
    same = found[(found["choice"] == "alpha") & (found["definition"] == "signsafe")]
    assert set(same["first"]) == {""}
    without = found[(found["choice"] == "without") & (found["definition"] == "signsafe")]
    assert set(without["first"]) == {"one", "two"}


def test_an_interval_of_a_rank_correlation_holds_the_correlation() -> None:
    measured = two_teachers()
    measured.loc[(measured["teacher"] == "one") & (measured["replicate"] == 0), "reward"] = 2.94
    found = sensitivity(measured, alpha=0.5, definition="signsafe", confidence=0.95).dropna(subset=["spearman"])
    assert len(found) > 10
    assert (found["low"] <= found["spearman"]).all()
    assert (found["spearman"] <= found["high"]).all()


def test_sums_in_another_order_are_equal() -> None:
    measured = pd.DataFrame({"a": [0.1 + 0.2 + 0.3, 0.0], "b": [0.3 + 0.2 + 0.1, 1.0]})
    found = rank_probabilities(measured.iloc[1:], point=measured.iloc[0], confidence=0.95)
    assert found["rank"].tolist() == [1, 1]
