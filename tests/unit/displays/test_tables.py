"""Every table of a study: known answers, holes and flags in sight, text that LaTeX, Markdown and HTML take."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.tables import yield_table
from polyglot.displays.catalogue.experiments import COMPARED
from polyglot.displays.catalogue.study import TABLES
from polyglot.displays.context import Context
from polyglot.displays.makers import maker
from polyglot.displays.numbers import FLAG, HOLE
from polyglot.displays.table import Table
from polyglot.displays.tables import analyses as analyses_tables
from polyglot.displays.tables import comparisons as comparisons_tables
from polyglot.displays.tables import leaderboard as leaderboard_tables
from polyglot.displays.tables import recipes as recipes_tables
from polyglot.displays.tables import screening as screening_tables
from polyglot.displays.tables import study as study_tables
from polyglot.displays.tables.spread import spread
from polyglot.displays.words import quantity
from polyglot.intrinsic.metrics import METRICS, STANDARD
from polyglot.scoring.scores import rank_teachers
from polyglot.scoring.spread_sources import DRAWS, TOGETHER, TRAININGS
from polyglot.scoring.statistics import spearman_matrix
from tests.simulated import (
    GAINS,
    LANGUAGES,
    REASON,
    by,
    changes,
    every_table,
    intrinsic,
    saved,
    simulate,
    spreads,
    statuses,
    values,
)

CASES: dict[str, dict[str, Any]] = {
    "as usual": {},
    "a hole": {"holes": {("base", "equal", "fair", "de")}},
    "a teacher missing": {"holes": {("base", "equal", "fair", lang) for lang in LANGUAGES}},
    "a language missing": {"holes": {("base", "equal", teacher, "de") for teacher in GAINS}},
    "no replicates": {"replicates": 0},
    "no replicates and a hole": {"replicates": 0, "holes": {("base", "equal", "fair", "de")}},
    "one teacher": {"teachers": ["good"]},
    "one language": {"langs": ["de"]},
    "one cell": {"teachers": ["good"], "langs": ["de"]},
    "one seed": {"seeds": 1},
    "two bases": {"bases": ["base", "other"], "holes": {("other", "equal", "fair", "de")}},
    "two recipes": {"recipes": ["equal", "translate"], "holes": {("base", "translate", "fair", "de")}},
    "by a ratio": {"definition": "released"},
}
HOLED = ("leaderboard", "pg_score", "recommendation", "evaluation", "pgr", "intrinsic", "bases", "recipes", "recipes_by_language")
FLAGGED = ("leaderboard", "pg_score", "recommendation", "evaluation", "pgr", "language_resources", "truth", "recipes_by_language")


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, Table]]:
    found = {}
    for name, case in CASES.items():
        frames = simulate(**case)
        found[name] = every_table(frames)
        if name in ("as usual", "a hole", "a language missing", "no replicates", "one cell"):  # it takes seconds
            found[name]["sensitivity"] = analyses_tables.sensitivity(frames.context, saved(changes(frames)))
    return found


def test_every_display_has_its_function_and_takes_its_inputs() -> None:
    compared = [display for kinds in COMPARED.values() for display in kinds["table"].values()]
    for display in [*TABLES.values(), *compared]:
        wanted = maker("table", display.function).__annotations__
        assert set(display.inputs) <= set(wanted), display.function


@pytest.mark.parametrize("case", CASES)
def test_markdown_and_html_hold_every_row_and_number(tables: dict[str, dict[str, Table]], case: str) -> None:
    for name, table in tables[case].items():
        text, html = table.markdown(), table.html()
        assert "nan" not in text.lower().replace("indonesian", ""), name
        for page in (table, *table.more):
            if page.shown.empty:
                assert name == "family_match"
                assert "nothing to compare" in text
                continue
            lines = next(part for part in page.markdown().split("\n\n") if part.startswith("|")).splitlines()
            assert len({line.replace("\\|", "").count("|") for line in lines}) == 1, name
            assert all(str(value).strip("*") in html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
                       for value in page.shown.iloc[:, -1] if "*" not in str(value)), name  # fmt: skip
        assert "<table>" in html or table.shown.empty
        assert "A title &amp; more" in html


@pytest.mark.parametrize("case", ["a hole", "no replicates and a hole", "a teacher missing", "a language missing"])
def test_a_hole_is_shown_and_named_everywhere(tables: dict[str, dict[str, Table]], case: str) -> None:
    for name in HOLED:
        table = tables[case][name]
        shown = pd.concat([page.shown for page in (table, *table.more)])
        assert name == "recommendation" or shown.apply(lambda column: column.astype(str).str.contains(HOLE)).any(axis=None), name
        text = " ".join(table.notes)
        assert HOLE in text, name
        assert "Fair" in text, name
        assert "German" in text, name
        assert REASON in text, name
        assert "&lt;none&gt;" in table.html()


@pytest.mark.parametrize("case", ["as usual", "a hole", "no replicates", "one teacher", "one cell", "by a ratio"])
def test_a_flagged_language_is_flagged_and_named_everywhere(tables: dict[str, dict[str, Table]], case: str) -> None:
    for name in FLAGGED:
        table = tables[case][name]
        assert f"German {FLAG}" in table.markdown(), name
        assert f"German {FLAG}" in " ".join(table.notes), name
        assert f"Indonesian {FLAG}" not in table.markdown(), name
        assert f"German {FLAG}" in table.html(), name


def test_two_bases_are_flagged_apart() -> None:
    frames = simulate(bases=["base", "other"], below=[])
    gaps = frames.gaps.assign(
        flagged=(frames.gaps["base"] == "other") & (frames.gaps["lang"] == "de"), reason="reference below base"
    )
    context = Context.of(values(list(GAINS), ["base", "other"], ["equal"], 3, "signsafe"), gaps)
    shown = leaderboard_tables.pg_score(context, frames.cells, frames.teachers, gaps, frames.holes).shown
    assert shown.loc[shown["base"] == "Other 4B", "German"].str.contains(FLAG).all()
    assert not shown.loc[shown["base"] == "Base 7B", "German"].str.contains(FLAG).any()


def test_the_leaderboards_csv_keeps_its_columns() -> None:
    frames = simulate()
    data = leaderboard_tables.leaderboard(frames.context, frames.teachers, frames.cells, frames.gaps, frames.holes).data
    first = ["rank", "teacher", "label", "definition", "pg", "low", "high", "p_first", "p_top", "released", "paper", "signsafe"]
    assert list(data.columns) == [*first, "intrinsic", "gain", "pg_ar", "pg_de", "pg_id", "languages", "flagged"]
    assert list(data["teacher"]) == ["good", "fair", "poor"]
    assert list(data["rank"]) == [1, 2, 3]
    assert set(data["flagged"]) == {"de"}
    assert data["gain"].to_list() == pytest.approx([0.10, 0.06, 0.02])
    assert data.loc[0, "pg"] == pytest.approx(frames.cells.query("teacher == 'good'")["pg_signsafe"].mean())


def test_the_leaderboard_of_published_numbers_makes_nothing_up() -> None:
    frames = simulate(replicates=0)
    cells = frames.cells.drop(columns=["gain", "gain_se", "gap", "gap_se", "base_score", "reference_score", "student_score"])
    cells[["pg_paper", "pg_signsafe"]] = np.nan
    ranked = rank_teachers(frames.replicates.assign(pg_paper=np.nan, pg_signsafe=np.nan), definition="released", confidence=0.95)
    context = replace(frames.context, definition="released", study="replication", flagged=())
    table = leaderboard_tables.leaderboard(context, ranked, cells)
    assert set(table.data["flagged"]) == {"unknown"}
    assert "gain" not in table.data.columns
    assert "no language can be flagged" in table.markdown()
    assert "P(first)" not in table.shown.columns
    assert "seeds" not in table.notes[0]
    assert "signsafe)" not in table.markdown()
    assert len(leaderboard_tables.pg_score(context, cells, ranked).shown) == 3
    assert (
        analyses_tables.language_resources(context, cells, frames.replicates)
        .shown.iloc[:, 1]
        .str.contains("[", regex=False)
        .sum()
        == 0
    )


def test_the_leaderboard_says_whether_there_is_a_winner() -> None:
    clear, open_ = simulate(), simulate(noise=0.5)
    assert "leads clearly" in leaderboard_tables.leaderboard(clear.context, clear.teachers, clear.cells, clear.gaps).lead[0]
    assert "No clear winner" in leaderboard_tables.leaderboard(open_.context, open_.teachers, open_.cells, open_.gaps).lead[0]


def test_pgr_and_gain_stand_side_by_side() -> None:
    frames = simulate()
    table = study_tables.pgr(frames.context, frames.cells, frames.measurements, frames.gaps, frames.holes)
    rows = by(table.data, "lang", "teacher")
    assert rows["de", "good"]["pgr_released"] == pytest.approx(0.10 / -0.05)
    assert rows["id", "good"]["pgr_released"] == pytest.approx(0.095 / 0.2)
    drawn = frames.measurements.query("replicate > 0 and lang == 'id' and teacher == 'good'")["gain"]
    assert rows["id", "good"]["gain_low"] == pytest.approx(drawn.quantile(0.025))
    german = table.shown[table.shown["language"] == f"German {FLAG}"]
    assert german["PGR (ratio of means)"].str.endswith(FLAG).all()
    assert not german["gain"].str.contains(FLAG).any()


def test_a_language_that_failed_in_synthesis_is_not_averaged_away() -> None:
    data = by(study_tables.synthesis_yield(simulate().context, statuses()).data, "teacher", "method")
    assert data["poor", "generate"]["worst_language"] == "ar"
    assert data["poor", "generate"]["worst_share"] == pytest.approx(0.1)
    assert data["poor", "generate"]["usable_share"] == pytest.approx(190 / 300)


def test_the_yield_counts_marks_and_what_a_usable_answer_costs() -> None:
    def told(*decisions: str) -> list[dict[str, object]]:
        return [{"filter": "duplicates", "score": 1.0, "decision": decision, "problem": None} for decision in decisions]

    answers = pd.DataFrame(
        {
            **{"lang": "de", "method": "generate", "prompt_tokens": 100, "completion_tokens": [10, 20, 30, 40] * 2},
            "teacher": ["good"] * 4 + ["fair"] * 4,
            "status": ["ok", "ok", "duplicate", "ok"] * 2,
            "decisions": [told("keep"), told("mark"), told("drop"), told("mark"), *([told("keep")] * 4)],
        }
    )
    found = yield_table(answers, {"good": (1.0, 2.0)})
    assert by(found, "teacher", "status")["good", "ok"]["marked_duplicates"] == 2
    assert by(found, "teacher", "status")["fair", "duplicate"]["marked_duplicates"] == 0
    table = study_tables.synthesis_yield(simulate().context, found)
    data = by(table.data, "teacher", "method")
    assert data["good", "generate"]["tokens_per_usable"] == pytest.approx(100 / 3)
    assert data["good", "generate"]["usd_per_usable"] == pytest.approx((400 + 2 * 100) / 1e6 / 3)
    assert np.isnan(data["fair", "generate"]["usd_per_usable"])
    assert data["good", "generate"]["duplicate"] == 1
    (marked,) = [one for one in table.more if one.title.startswith("Marked")]
    assert marked.shown[["method", "usable", "duplicates"]].to_dict("records") == [
        {"method": "generate", "usable": "3", "duplicates": "2 (66.7%)"}
    ]


def test_languages_are_compared_over_the_same_teachers() -> None:
    frames = simulate(holes={("base", "equal", "fair", "de")})
    table = analyses_tables.language_resources(frames.context, frames.cells, frames.replicates, frames.gaps)
    kept = frames.cells[frames.cells["teacher"] != "fair"].groupby("lang")["pg_signsafe"].mean()
    assert table.data.set_index("lang")["pg"].to_dict() == pytest.approx(kept.to_dict())
    assert set(table.data["teachers"]) == {2}
    assert "Fair" in " ".join(table.notes)
    correlation = table.more[0]
    assert correlation.data["n"].to_list() == [3, 3]
    assert (correlation.data["p"] >= 1 / 3 - 1e-9).all()
    assert "prove little" in " ".join(correlation.notes)


def test_bases_that_agree_have_a_correlation_of_one() -> None:
    frames = simulate(bases=["base", "other"])
    data = by(comparisons_tables.base_agreement(frames.context, frames.replicates).data, "a", "b")
    assert data["base", "other"]["spearman"] == pytest.approx(1)
    assert data["base", "other"]["n"] == 3
    holed = simulate(bases=["base", "other"], holes={("other", "equal", "fair", "de")})
    assert by(comparisons_tables.base_agreement(holed.context, holed.replicates).data, "a", "b")["base", "other"]["n"] == 2


def test_family_match_is_a_difference_and_a_percentage_only_of_what_is_positive() -> None:
    frames = simulate(bases=["base", "other"])
    drawn = frames.replicates.copy()
    drawn.loc[(drawn["base"] == "other") & (drawn["teacher"] == "fair"), "pg_signsafe"] += 1
    table = comparisons_tables.family_match(frames.context, drawn)
    data = by(table.data, "teacher")
    average = drawn.query("replicate == 0").groupby(["base", "teacher"])["pg_signsafe"].mean().to_dict()
    assert data["fair"]["difference"] == pytest.approx(average["other", "fair"] - average["base", "fair"])
    assert {name: row["same_family"] for name, row in data.items()} == {"good": False, "fair": True, "poor": False}
    assert data["good"]["percent"] == pytest.approx(100 * data["good"]["difference"] / average["base", "good"])
    assert pd.isna(data["poor"]["percent"])
    assert average["base", "poor"] < 0
    assert "(n = 1)" in table.more[0].shown["same family"].iloc[0]
    assert "(n = 2)" in table.more[0].shown["others"].iloc[0]


def test_recipes_are_averaged_over_the_same_teachers() -> None:
    frames = simulate(recipes=["equal", "translate"], holes={("base", "translate", "fair", "de")})
    table = recipes_tables.recipes(frames.context, frames.replicates, frames.measurements, frames.holes)
    data = by(table.data, "recipe", "teacher")
    assert data["equal", "good"]["gain"] == pytest.approx(0.10)
    assert data["translate", "good"]["gain"] == pytest.approx(0.09)
    assert pd.isna(data["translate", "fair"]["pg"])
    over = by(table.more[0].shown, "recipe")
    assert {name: row["teachers"] for name, row in over.items()} == {"equal": "2", "translate": "2"}
    assert over["equal"]["gain"].startswith("+0.060")
    assert over["translate"]["PG-Score minus that of equal"].startswith("-")
    assert f"{FLAG}: the averages include flagged languages" in " ".join(table.notes)


def test_steps_that_never_ran_are_rows_too(tables: dict[str, dict[str, Table]]) -> None:
    shown = by(tables["as usual"]["steps"].shown, "step")
    assert shown["1"]["added by the step"].startswith("**+0.050")
    assert shown["2"]["mean score"] == HOLE
    assert shown["3"]["mean score"] == HOLE
    assert shown["3"]["what changes"] == "never run"


def test_sensitivity_shows_every_choice(tables: dict[str, dict[str, Table]]) -> None:
    table = tables["as usual"]["sensitivity"]
    rows = by(table.shown, "choice")
    assert len(rows) == 11 + 4
    assert rows["**α = 0.5** (as reported)"]["ρ signsafe"] == "1"
    assert rows["without reward"]["leader, signsafe"] == "Good & Co_1"
    assert "n = 3 teachers" in " ".join(table.notes)
    assert "No teacher has an average" in " ".join(tables["a language missing"]["sensitivity"].notes)


def test_truth_tells_noise_from_failure(tables: dict[str, dict[str, Table]]) -> None:
    table = tables["as usual"]["truth"]
    assert list(table.data["verdict"][::3]) == ["holds", "holds, within noise", f"{HOLE} not measured"]
    assert "signsafe 2 of 3 (1 of them within noise, 1 not measured)" in table.lead[0]


def has_latex() -> bool:
    found = shutil.which("pdflatex") and shutil.which("kpsewhich")
    return bool(found and subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True).stdout)


@pytest.mark.skipif(not has_latex(), reason="needs pdflatex and booktabs")
@pytest.mark.parametrize("case", ["a hole", "two bases", "no replicates and a hole"])
def test_latex_compiles(tables: dict[str, dict[str, Table]], case: str, tmp_path: Path) -> None:
    compiles("\n\\clearpage\n".join(table.latex() for table in tables[case].values()), tmp_path)


def compiles(body: str, tmp_path: Path) -> None:
    text = f"\\documentclass{{article}}\\usepackage{{booktabs}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "tables.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_further_metric_is_in_every_table_that_shows_metrics_and_said_not_to_be_scored() -> None:
    frames = simulate()
    further = replace(frames.context, metrics=[*STANDARD, METRICS["distinct_2"], METRICS["compression_ratio"]])
    told = {"distinct_2": 0.81234, "distinct_2_se": 0.004, "compression_ratio": 3.14159, "compression_ratio_se": 0.02}
    text = study_tables.intrinsic(further, intrinsic(frames).assign(**told)).markdown()
    assert "distinct-2 ± SE" in text
    assert "0.812 ± 0.004" in text
    assert "3.14 ± 0.02" in text
    assert "Not in the score: distinct-2, compression ratio." in text
    assert text.count("compare sets of equal size only") == 2
    usual = study_tables.intrinsic(frames.context, intrinsic(frames)).markdown()
    assert "Not in the score" not in usual
    assert "which counts in the score" in usual
    unscored = study_tables.intrinsic(replace(frames.context, scored=["reward"]), intrinsic(frames)).markdown()
    assert "Not in the score: prompt diversity, response diversity, perplexity." in unscored
    assert "which counts in the score" not in unscored
    found = frames.cells.assign(distinct_2=np.arange(len(frames.cells)))
    correlations = spearman_matrix(found, ["perplexity", "distinct_2"], confidence=0.95)
    text = analyses_tables.spearman(further, correlations).markdown()
    assert "2 distinct-2" in text
    assert "Perplexity, compression ratio: lower is better." in text


def test_the_screening_shows_a_metric_of_the_sets_size_apart() -> None:
    context = replace(simulate().context, metrics=[*STANDARD, METRICS["distinct_2"]])
    row = {"lang": "de", "teacher": "good", "rank": 1, "prediction": 0.1, "low": 0.0, "high": 0.2, "actual": np.nan, "usable": 9}
    numbers = {"prompt_diversity": 0.7, "response_diversity": 0.6, "reward": 4.0, "perplexity": 3.0, "distinct_2": 0.8765}
    candidates = pd.DataFrame([{**row, "requests": 10, **numbers, "reason": "", "learned_from": 6}])
    validation = pd.DataFrame(columns=["validation", "r2", "rmse", "p_permutation", "n", "note"])
    costs = pd.DataFrame(columns=["what", "requests", "tokens", "students", "hours", "basis"])
    text = screening_tables.screen(context, candidates, validation, costs).markdown()
    order = ("| reward ", "| perplexity ", "| prompt diversity ", "| response diversity ", "| distinct-2 ")
    assert sorted(order, key=text.index) == list(order)
    assert "0.876" in text or "0.877" in text
    assert "distinct-2: depends on the size of the set" in text


def test_names_of_metrics_in_figures_come_from_the_metrics() -> None:
    metrics = [*STANDARD, METRICS["distinct_2"], replace(METRICS["compression_ratio"], logged=True)]
    names = ("prompt_diversity", "log_perplexity", "log_prompt_tokens", "distinct_2", "log_compression_ratio", "pg_paper")
    assert [quantity(name, metrics) for name in names] == [
        *("prompt diversity", "perplexity (log)", "prompt length (log)", "distinct-2", "compression ratio (log)", "PG (paper)")
    ]


def test_one_draw_that_is_trained_on_several_times_is_said_to_be_one() -> None:
    frames = simulate(seeds=1)
    context = replace(frames.context, trainings=3)
    shown = every_table(replace(frames, context=context))
    text = "\n".join(table.markdown() for table in shown.values())
    assert "trainings on each seed's data: 3" in text
    assert "one draw of data: without what another draw would change" in text
    assert "how far draws of data differ is not known" in text
    assert "one seed: without training randomness" not in text


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ((TRAININGS, DRAWS), ["another training on the same data  | 0.010", "another draw of the teacher's data | 0.020"]),
        ((TRAININGS,), ["another draw of the teacher's data | not measured", "One draw of data"]),
        ((TOGETHER,), ["another draw of data and another training | 0.024", "`trainings: 2`"]),
    ],
)
def test_the_spread_between_students_says_what_differs(sources: tuple[str, ...], said: list[str]) -> None:
    shown = spread(simulate().context, spreads(*sources)).markdown()
    assert all(text in shown for text in said), shown


def test_without_a_second_student_no_spread_is_measured() -> None:
    assert spread(simulate().context, spreads().iloc[:0]).markdown().count("not measured") == 2
