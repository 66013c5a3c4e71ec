"""The recommendation: which teacher for a language, how sure, by which method, at what price, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.power import expected_error, smallest_gain
from polyglot.displays.context import Context
from polyglot.displays.tables import leaderboard as leaderboard_tables
from polyglot.displays.tables import recommendation as recommendation_tables
from polyglot.displays.tables import study as study_tables
from polyglot.displays.tables.verdicts import SEED_SPREAD
from polyglot.displays.words import size_notes, size_span
from tests.simulated import GAINS, REASON, Frames, by, evaluation, methods, prices, simulate, values


def advice(
    frames: Frames, *, students: bool = False, price: pd.DataFrame | None = None, evaluated: pd.DataFrame | None = None
) -> dict[Any, dict[str, Any]]:
    paid = prices() if price is None else price
    arguments = (frames.cells, frames.replicates, frames.gaps, frames.holes, paid, methods(students=students), evaluated)
    return by(recommendation_tables.recommendation(frames.context, *arguments).data, "lang")


def test_a_clear_best_teacher_is_recommended_with_method_price_and_family() -> None:
    row = advice(simulate())["id"]
    assert (row["verdict"], row["teacher"], row["rivals"]) == ("clear", "good", "")
    assert row["p_first"] == 1
    assert (row["method"], row["method_basis"]) == ("", "yield")
    assert "cannot be distinguished" in row["advice"]
    assert "yield (usable answers): respond" in row["advice"]
    assert (row["family_teacher"], row["family_rank"], row["family_difference"]) == ("good", 1, 0)
    assert row["prompt_tokens_per_10k"] == pytest.approx(1e6)
    assert row["completion_tokens_per_10k"] == pytest.approx(2e6)
    assert row["hours_per_10k"] == pytest.approx(10)
    assert row["gpu_hours_per_10k"] == pytest.approx(20)
    assert pd.isna(row["usd_per_10k"])
    assert "money not known" in row["advice"]


def test_methods_by_students_outweigh_the_judge() -> None:
    row = advice(simulate(), students=True)["id"]
    assert (row["method"], row["method_basis"]) == ("generate", "students")


def test_a_method_is_best_in_quality_only_if_its_reward_can_be_distinguished() -> None:
    frames, known = simulate(), methods()
    known.loc[known["method"] == "respond", "reward"] = 3.5
    arguments = (frames.cells, frames.replicates, frames.gaps, frames.holes, prices(), known)
    row = by(recommendation_tables.recommendation(frames.context, *arguments).data, "lang")["id"]
    assert (row["method"], row["method_basis"]) == ("translate", "data")
    assert "by quality" in row["advice"]
    assert "yield (usable answers): respond 95%, generate 90%, translate 70%" in row["advice"]


def test_no_price_is_not_a_price_of_nothing() -> None:
    row = advice(simulate(), price=prices().assign(usable=0))["id"]
    assert pd.isna(row["prompt_tokens_per_10k"])
    assert "no usable example" in row["advice"]
    assert "price 0 in the registry" in advice(simulate(), price=prices().assign(usd=0.0))["id"]["advice"]
    assert "$20.00" in advice(simulate(), price=prices().assign(usd=1.0))["id"]["advice"]
    row = advice(simulate(), price=prices().assign(gpus=0, seconds=np.nan))["id"]
    assert pd.isna(row["gpu_hours_per_10k"])
    assert "no GPU recorded" in row["advice"]


@pytest.mark.parametrize(
    ("case", "lang", "verdict", "words"),
    [
        ({"noise": 0.2}, "id", "tentative", "the lead may be chance"),
        ({"seeds": 1}, "id", "tentative", "one seed only"),
        ({"gain": -0.095}, "id", "no_gain", "no student of any teacher clearly beats the untrained base"),
        ({"gain": -0.2}, "id", "worse", "Do not fine-tune"),
        ({"definition": "released"}, "de", "distrusted", "Do not act on the ranking"),
        ({}, "de", "clear", "reference below base"),
        ({"teachers": ["good"]}, "id", "single", "compared with none"),
        ({"replicates": 0}, "id", "tentative", "no resamples"),
        (
            {"holes": {("base", "equal", "good", "id")}},
            "id",
            "clear",
            f"not measured, so neither better nor worse: Good & Co_1 ({REASON})",
        ),
        ({"holes": {("base", "equal", name, "id") for name in GAINS}}, "id", "not_measured", "nothing can be recommended"),
    ],
)
def test_what_speaks_against_a_teacher_decides(case: dict[str, Any], lang: str, verdict: str, words: str) -> None:
    row = advice(simulate(**case))[lang]
    assert row["verdict"] == verdict
    assert words in row["advice"]


def test_a_rival_is_named_and_the_overall_line_counts_languages() -> None:
    frames = simulate(noise=1.0, se=0.03)
    arguments = (frames.cells, frames.replicates, frames.gaps, frames.holes, prices(), methods())
    table = recommendation_tables.recommendation(frames.context, *arguments)
    row = by(table.data, "lang")["id"]
    ids = frames.replicates.query("lang == 'id' and replicate > 0").pivot(
        index="replicate", columns="teacher", values="pg_signsafe"
    )
    shares = ids.idxmax(axis=1).value_counts(normalize=True)
    assert row["p_first"] == pytest.approx(shares["good"])
    assert row["rivals"].split() == [name for name in shares.index if name != "good" and shares[name] > 0.2]
    assert row["rivals"]
    assert "of 3 languages: a tentative choice in 3" in table.lead[0]


def test_another_teachers_gain_is_not_kept_quiet() -> None:
    frames = simulate(se=0.001)
    cells = frames.cells.copy()
    cells.loc[(cells["teacher"] == "poor") & (cells["lang"] == "id"), "gain"] = 0.3
    row = advice(replace(frames, cells=cells))["id"]
    assert "the largest gain is that of Poor's student: +0.300" in row["caveats"]


def test_the_spread_between_trainings_is_at_most_what_released_results_allow(repository: Path) -> None:
    """What is left of 90 students beyond their teachers and languages, items included; each the mean of three trials."""
    from scipy.stats import chi2

    students = pd.read_csv(repository / "config/published/released_students.csv", comment="#").dropna(subset=["student_se"])
    squares, df = 0.0, 0
    for _, own in students.groupby("base"):
        wide = own.pivot(index="teacher", columns="lang", values="student_score").to_numpy()
        left = wide - wide.mean(axis=0) - wide.mean(axis=1, keepdims=True) + wide.mean()
        squares, df = squares + float((left**2).sum()), df + (wide.shape[0] - 1) * (wide.shape[1] - 1)
    assert (len(students), df) == (90, 54)
    assert np.sqrt(squares / df) == pytest.approx(0.0104, abs=1e-4)
    bound = np.sqrt(squares / chi2.ppf(0.05, df))
    assert bound == pytest.approx(0.0124, abs=1e-4)
    assert pytest.approx(bound * np.sqrt(3), abs=2e-3) == SEED_SPREAD


def test_unequal_training_sets_are_a_caveat() -> None:
    sizes = {("equal", "one", "de"): 500.0, ("equal", "two", "de"): 590.0, ("equal", "one", "id"): 590.0}
    context = Context.of(values(["one", "two"], ["base"], ["equal"], 1, "signsafe"))
    unequal = replace(context, sizes=sizes)
    assert size_span(unequal, "equal", "de").startswith("500 (")
    assert size_notes(unequal, ["equal"])[0].startswith("Training sets differ by more than 5% between teachers (")
    assert size_notes(context, ["equal"]) == []
    assert size_notes(replace(context, sizes=dict.fromkeys(sizes, 590.0)), ["equal"]) == []


def evaluated(frames: Frames, **changes: Any) -> pd.DataFrame:
    """Scores by benchmark in which nothing is doubtful, but for these columns."""
    known: dict[str, Any] = {"differs": 0.4, "option": "A", "option_share": 0.4, "chance": 0.25}
    return evaluation(frames).assign(**known).assign(**changes)


@pytest.mark.parametrize(
    ("changes", "doubts", "words"),
    [
        ({}, "", ""),
        ({"differs": 0.0}, "as_base", "the students answer exactly as the base: trained too little?"),
        ({"differs": 0.02}, "as_base", "the students answer nearly always as the base"),
        (
            {"option_share": 11 / 12},
            "one_option",
            "the base (A for 92% of mmlu), the reference (A for 92% of mmlu), the student of",
        ),
        ({"n": 12}, "few_items", "mmlu has only 12 items"),
        ({"chance": 0.6}, "chance", "base and reference are not above chance (mmlu: base 0.400, reference 0.600, and guessing"),
        ({"chance": 0.45}, "", ""),
        ({"n": 12, "differs": 0.0}, "as_base few_items", "mmlu has only 12 items"),
    ],
)
def test_what_makes_a_test_say_little_comes_first(changes: dict[str, Any], doubts: str, words: str) -> None:
    frames = simulate()
    row = advice(frames, evaluated=evaluated(frames, **changes))["id"]
    assert row["doubts"] == doubts
    assert words in row["caveats"]
    first = row["caveats"].split("; ")[0]
    assert bool(doubts) == any(part in first for part in ("as the base", "same option", "only 12 items", "above chance"))
    assert advice(frames, evaluated=evaluation(frames))["id"]["doubts"] == ""  # answers were not kept
    assert advice(frames)["id"]["doubts"] == ""


def test_one_student_that_changed_is_enough() -> None:
    frames = simulate()
    found = evaluated(frames, differs=0.0)
    found.loc[found["model"] == "good", "differs"] = 0.3
    assert advice(frames, evaluated=found)["id"]["doubts"] == ""


def test_the_verdict_is_in_plain_words_before_its_numbers() -> None:
    frames = simulate(gain=-0.095, noise=1.0, se=0.03)
    text = advice(frames)["id"]["advice"]
    assert text.startswith("No difference shown between Good & Co_1 and ")
    assert text.index("no student is shown to be better than the base") < text.index("P(first)")


def test_two_teachers_in_one_language_are_told_what_their_score_counts() -> None:
    told = "with two teachers in one language a score only counts in how many metrics each is ahead"
    assert told in advice(simulate(teachers=("good", "poor"), langs=("id",)))["id"]["caveats"]
    assert told not in advice(simulate(teachers=("good", "poor")))["id"]["caveats"]


def test_equal_teachers_are_both_named() -> None:
    frames = simulate(teachers=("good", "fair"), langs=("id",), gain=-0.1)
    cells, drawn = frames.cells.copy(), frames.replicates.copy()
    cells["pg_signsafe"] = 0.0
    drawn.loc[drawn["replicate"] == 0, "pg_signsafe"] = 0.0
    text = advice(replace(frames, cells=cells, replicates=drawn))["id"]["advice"]
    assert "Fair and Good & Co_1 score the same (PG-Score 0.00" in text


def test_a_flagged_language_is_told_once_what_the_flag_means() -> None:
    caveats = advice(simulate())["de"]["caveats"]
    assert caveats.count("PGR") == 1
    assert "reference below base: do not read the share of the gap that students recover (PGR)" in caveats


def test_the_smallest_gain_is_no_false_comfort() -> None:
    frames = simulate(langs=("id",))
    rows = evaluation(frames).assign(chance=0.25)
    shown = {}
    for error, items in ((0.5 / 12, 12), (0.123, 12), (0.02, 1000)):
        gained = rows["model"].map(lambda model, error=error: np.nan if model in ("base", "reference") else error)
        table = study_tables.evaluation(frames.context, rows.assign(gain_se=gained, n=items)).more[0]
        shown[error] = (float(table.data["smallest_gain"].iloc[0]), table.shown["smallest gain"].iloc[0])
    planned, told, exact = shown.values()
    assert planned[0] == pytest.approx(smallest_gain(expected_error(12), 0.95))
    assert planned[1].endswith("(as planned)")
    assert told[0] == pytest.approx(0.395, abs=0.001)  # so many answers must differ at the least
    assert exact[0] == pytest.approx(2.8016 * 0.02, rel=1e-3)
    assert "n = 400, chance 0.250" in study_tables.evaluation(frames.context, rows).markdown()


def test_the_leaderboard_of_students_like_their_base_says_so_first() -> None:
    frames = simulate(teachers=("good", "poor"), langs=("id",), gain=-0.1, noise=1.0, se=0.05)
    table = leaderboard_tables.leaderboard(frames.context, frames.teachers, frames.cells, frames.gaps)
    assert table.lead[0].startswith(
        "No difference shown between Good & Co_1 and Poor; no student is shown to be better than the base."
    )
    assert any("only counts in how many metrics each is ahead" in note for note in table.notes)
    assert "PG-Score by language" not in table.markdown()  # the only language is the average
    assert "average" not in leaderboard_tables.pg_score(frames.context, frames.cells, frames.teachers).shown
    equal = frames.teachers.assign(rank=1, pg_signsafe=0.0)
    lead = leaderboard_tables.leaderboard(frames.context, equal, frames.cells, frames.gaps).lead[0]
    assert lead.endswith("Their scores are equal.")
