"""Scores without training, put to the test: known orders, teachers left out, and intervals that hold the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from polyglot.analysis.predictor_values import PAIRS, RIGHT, predictor_values
from polyglot.analysis.predictors import (
    AGAINST,
    ENOUGH,
    RHO,
    Resampling,
    left_out,
    predictor_table,
    spearman_over_cells,
    spearman_within,
)
from polyglot.core.arrays import Array
from polyglot.displays.tables import predictors as shown
from polyglot.intrinsic.gradients import COLUMNS
from polyglot.intrinsic.lexical import DISTINCT_PAIRS
from polyglot.intrinsic.metrics import STANDARD

LANGS = ["ar", "de", "id"]
FEW = Resampling(replicates=400, permutations=400)


def table_of(columns: Mapping[str, Array]) -> pd.DataFrame:
    """From arrays of shape (languages, teachers)."""
    teachers = next(iter(columns.values())).shape[1]
    rows = [(f"t{place:02}", lang) for lang in LANGS for place in range(teachers)]
    return pd.DataFrame(rows, columns=["teacher", "lang"]).assign(**{name: each.ravel() for name, each in columns.items()})


def drawn(teachers: int, rng: np.random.Generator, strength: float) -> dict[str, Array]:
    """A gain, a score and corpus perplexity that follow it: each differs between teachers, and less within one."""

    def noise() -> Array:
        found: Array = rng.normal(size=(1, teachers)) + 0.5 * rng.normal(size=(len(LANGS), teachers))
        return found

    gain = noise()
    rest = np.sqrt(1 - strength**2)
    return {"gain": gain, "score": strength * gain + rest * noise(), AGAINST: -(0.8 * gain + 0.6 * noise())}


SCORES = {"score": 1, AGAINST: -1}


def judged(cells: pd.DataFrame, score: str = "score", settings: Resampling = FEW) -> dict[str, Any]:
    """The row of a score beside corpus perplexity, predicting the gain."""
    table = predictor_table(cells, {score: -1 if score == "loss" else 1} | {AGAINST: -1}, ["gain"], settings)
    return {str(name): value for name, value in table[table["score"] == score].to_dict("records")[0].items()}


def test_correlations_are_spearmans_over_cells_and_within_languages() -> None:
    values = drawn(9, np.random.default_rng(0), 0.6)
    cells = table_of(values)
    row = judged(cells)
    assert row["rho"] == pytest.approx(spearmanr(cells["score"], cells["gain"]).statistic)
    each = [spearmanr(part["score"], part["gain"]).statistic for _, part in cells.groupby("lang")]
    assert row["within"] == pytest.approx(np.mean(each))
    assert (row["teachers"], row["langs"], row["cells"]) == (9, 3, 27)
    again = judged(cells)
    assert again == row, "the same seed gives the same intervals"


def test_a_score_that_is_lower_where_teachers_are_better_is_turned() -> None:
    gain = np.tile(np.arange(10.0), (3, 1)) + np.arange(3.0)[:, None]
    cells = table_of({"gain": gain, "loss": -gain, AGAINST: np.tile([5.0, 1, 9, 2, 8, 3, 7, 4, 6, 0], (3, 1))})
    row, other = judged(cells, "loss"), judged(cells, AGAINST)
    assert [row[name] for name in ("rho", "within", "left_out_within")] == pytest.approx([1, 1, 1])
    assert row["within_p"] == pytest.approx(1 / 401, abs=0.01)
    assert row["beats"] == "yes"
    assert row["within_difference"] == pytest.approx(1 - other["within"])
    assert other["beats"] == ""


def test_with_four_teachers_all_orders_are_tried_and_no_verdict_is_given() -> None:
    gain = np.tile([0.1, 0.2, 0.3, 0.4], (3, 1))
    cells = table_of({"gain": gain, "score": gain, AGAINST: gain[:, ::-1]})
    row = judged(cells)
    assert row["within_p"] == pytest.approx(2 / 24)  # the order, and its reverse
    assert row["beats"] == "few"


def test_teachers_left_out_are_predicted_from_others_alone() -> None:
    """A score that one teacher alone makes look good does not predict that teacher."""
    x = np.tile([0.0, 1, 2, 3, 10], (3, 1))
    y = np.tile([3.0, 2, 1, 0, 9], (3, 1))
    predicted, actual = left_out(x, y, within=True)
    assert (predicted[:, 4] < 0).all(), "the other four say that more is worse"
    assert (actual[:, 4] > 0).all()
    np.testing.assert_allclose(actual[:, 0], 3 - np.mean([2, 1, 0, 9]))
    over, _ = left_out(x, y, within=False)
    assert over.shape == (3, 5)


def test_a_teacher_without_a_number_somewhere_is_left_out_of_that_row_alone() -> None:
    cells = table_of(drawn(9, np.random.default_rng(1), 0.6))
    cells.loc[0, "score"] = np.nan
    found = predictor_table(cells, SCORES, ["gain"], FEW).set_index("score")
    assert found["teachers"].to_dict() == {"score": 8, AGAINST: 9}
    cells["score"] = 1.0
    constant = judged(cells)
    assert all(np.isnan(constant[name]) for name in (*RHO, "p"))
    assert constant["beats"] == "unknown"


@pytest.mark.parametrize("strength", [0.0, 0.9])
def test_intervals_hold_the_truth_of_teachers_like_these(strength: float) -> None:
    """Of correlations, and of the difference from corpus perplexity's; the truth is that of very many teachers."""
    rng, studies = np.random.default_rng(2), 40
    many = drawn(20_000, rng, strength)
    truth = {
        name: [measure(sign * many[column][:, None], many["gain"][:, None])[0] for column, sign in SCORES.items()]
        for name, measure in (("rho", spearman_over_cells), ("within", spearman_within))
    }
    covered = dict.fromkeys(("rho", "within", "difference", "within_difference"), 0)
    for study in range(studies):
        cells = table_of(drawn(2 * ENOUGH, rng, strength))
        row = judged(cells, settings=Resampling(150, 20, study))
        wanted = {"rho": truth["rho"][0], "within": truth["within"][0]}
        wanted |= {"difference": truth["rho"][0] - truth["rho"][1], "within_difference": truth["within"][0] - truth["within"][1]}
        for name, value in wanted.items():
            covered[name] += row[f"{name}_low"] <= value <= row[f"{name}_high"]
    assert min(covered.values()) >= 0.85 * studies, covered


def gradients(pairs: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(rng.uniform(1, 2, size=(20, len(COLUMNS))), columns=list(COLUMNS))
    found.loc[pairs:] = np.nan
    return found


def test_values_of_a_cell_are_means_over_seeds_and_grace_compares_equal_numbers_of_pairs() -> None:
    names = [f"t{place}" for place in range(4)]
    cells = pd.DataFrame({"teacher": names, "lang": "de", "gain": 0.1, "intrinsic": 0.0, "perplexity_corpus": 2.0})
    cells = cells.assign(**{metric.name: 1.0 for metric in STANDARD}, distinct_pairs=0.9, perplexity_median=1.5)
    measured = {(name, "de"): [gradients(20 if name != "t3" else 15, seed) for seed in (0, 1)] for name in names}
    oracle = pd.DataFrame({"teacher": names, "lang": "de", "method": "respond", "usable": 5, "known": 1.0, "right": 0.25})
    values, scores = predictor_values(cells, measured, (*STANDARD, DISTINCT_PAIRS), oracle)
    own = values.set_index("teacher")
    both = [frame["grace"].mean() for frame in measured["t0", "de"]]
    assert own.loc["t0", "grace"] == pytest.approx(np.mean(both))
    assert own[PAIRS].tolist() == [20, 20, 20, 15]
    assert own["grace"].isna().tolist() == [False, False, False, True]
    assert own["student_loss"].notna().all()
    assert own[RIGHT].tolist() == [0.25] * 4
    assert (scores["grace"], scores["perplexity_corpus"], scores["reward"], scores["distinct_pairs"]) == (-1, -1, 1, 1)
    assert set(scores) <= set(values.columns)
    assert RIGHT not in predictor_values(cells, measured, STANDARD, None)[0]


def test_the_tables_own_numbers_are_those_of_the_analysis() -> None:
    assert (shown.AGAINST, shown.ENOUGH) == (AGAINST, ENOUGH)
