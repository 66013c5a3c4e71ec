"""The paper's own numbers (arXiv 2604.11290) through the same scoring code as any study's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from polyglot.replication.checks import CHECKS
from polyglot.replication.checks.regression import nearest_mean
from polyglot.replication.evidence import Audit, Evidence
from polyglot.replication.published import AVERAGE, FILES, RELEASED, read_published
from polyglot.replication.verdicts import (
    NOT_CHECKABLE,
    NOT_REPRODUCED,
    REPRODUCED,
    UNSTATED,
    check_claims,
    read_audit,
)

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "config/published"


@pytest.fixture(scope="module")
def audit(repository: Path) -> Audit:
    return read_audit(repository / "config/replication.yaml")


@pytest.fixture(scope="module")
def evidence(folder: Path, audit: Audit) -> Evidence:
    return Evidence.of(folder, audit)


@pytest.fixture(scope="module")
def checked(evidence: Evidence) -> tuple[pd.DataFrame, pd.DataFrame]:
    return check_claims(evidence)


def test_all_sixty_pg_scores_are_within_0_005_of_table_13(evidence: Evidence) -> None:
    printed = evidence.tables["table13_pg_score_std"]
    both = evidence.cells.merge(printed, on=["teacher", "lang"], validate="one_to_one")
    assert len(both) == len(printed) == 60
    worst = (both["pg_released"] - both["pg_score"]).abs()
    assert worst.max() <= 0.005, both[worst > 0.005].to_string()


def test_averages_and_ranking_are_those_of_table_1(evidence: Evidence) -> None:
    table = evidence.tables["table01_pg_score"]
    printed = table[table["lang"] == AVERAGE].set_index("teacher")["pg_score"]
    ranked = evidence.teachers.set_index("teacher")["pg_released"]
    assert list(ranked.index) == list(printed.sort_values(ascending=False).index)
    assert (ranked - printed).abs().max() <= 0.002


def test_table_3_is_within_0_002_with_the_sizes_of_the_authors_code(checked: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    values = checked[1][checked[1]["id"].isin(["size_model_released", "ability_model"])]
    assert set(values["item"]) == {"coefficient", "se", "p"}
    assert len(values) == 6
    assert values["difference"].max() <= 0.002


def test_what_is_not_published_is_not_made_up(evidence: Evidence) -> None:
    assert evidence.cells[["pg_paper", "pg_signsafe", "pg_released_low"]].isna().all(axis=None)


VERDICTS = {
    REPRODUCED: "z_scores pg_scores pg_scores_main averages ranking top_teacher family_match size_model_released ability_model "
    "size_matters intrinsic_extrinsic weights component_sums large_student_averages large_student_ranking recipe_steps "
    "regression_intercept_pg translation_best",
    UNSTATED: "commoncrawl resource_level",
    NOT_REPRODUCED: "reference_above_base own_anchors distinct_students base_scores base_range base_range_printed base_pairs "
    "base_pairs_printed family_match_printed size_model table7_sizes observations commoncrawl_mean resource_level_mean "
    "regression_outcome seed_totals full_fine_tuning regression_intercept regression_points regression_in_sample scale_order "
    "scale_cell translation_best_students translation_intrinsic constant_answers shared_parts part_errors students_agree "
    "own_perplexity",
    NOT_CHECKABLE: "seed_deviations components methods",
}


def test_verdicts(checked: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    claims = checked[0].set_index("id")["verdict"]
    assert claims.to_dict() == {name: verdict for verdict, names in VERDICTS.items() for name in names.split()}


def numbers(checked: tuple[pd.DataFrame, pd.DataFrame], claim: str) -> dict[str, float]:
    """Every recomputed number of a claim by name."""
    claims, values = checked
    own = values[values["id"] == claim]
    return dict(zip(own["item"], own["recomputed"], strict=True)) | dict(
        json.loads(str(claims.set_index("id").loc[claim, "numbers"]))
    )


RECOMPUTED: dict[str, dict[str, float]] = {
    "constant_answers": {"0.5183729698": 37, "0.5119041311": 2, "total": 39, "students": 150},
    "shared_parts": {"sharing": 63},
    "part_errors": {"standard error": 0.0112, "pooled": 0.0093, "items": 2869, "students": 20},
    "students_agree": {"teachers": -0.56, "cells": -0.42, "n": 10},
    "own_perplexity": {"cells": 90, "largest": 0.0},
    "observations": {"log_size": 54, "ability": 48},
    "regression_points": {"points": 58},
    "regression_in_sample": {"r2": 0.6640039249, "rmse": 0.440},
    "scale_order": {"ar": -0.90, "de": -0.97, "id": -1.00},
    "scale_cell": {"ar": 0.422, "de": 0.330, "id": 0.468},
    "translation_best_students": {"lowest": 2},
    "commoncrawl": {"rho": 0.886, "p": 0.033},
    "commoncrawl_mean": {"rho": 0.714, "p": 0.136},
    "base_pairs": {"qwen-3-8b gemma-3-4b": 0.467, "llama-3.1-8b qwen-3-8b": 0.394},
}


@pytest.mark.parametrize("claim", RECOMPUTED)
def test_numbers_from_the_released_files(claim: str, checked: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = numbers(checked, claim)
    for name, value in RECOMPUTED[claim].items():
        digits = len(f"{value}".partition(".")[2]) if value != round(value) else 2
        assert round(float(found[name]), digits) == pytest.approx(value), name


def test_figure_4s_intercept_is_the_mean_pg_score_without_two_cells(evidence: Evidence) -> None:
    cells = evidence.scores("olmo-3-7b")
    chosen = nearest_mean(cells["pg"].to_numpy(dtype=float), 0.42946823747413787)
    assert chosen.mean == pytest.approx(0.42946823747413787, abs=1e-15)
    assert chosen.next > 1e-4
    left_out = {tuple(row) for row in cells.loc[list(chosen.left_out), ["teacher", "lang"]].to_numpy()}
    assert left_out == {("llama-3.1-70b-instruct", "ja"), ("gpt-4o-mini", "ar")}


def test_the_two_released_files_are_the_table_of_students(evidence: Evidence) -> None:
    first, second = evidence.files.values()
    assert first == second
    rows = pd.DataFrame([json.loads(line) for line in first.decode().splitlines()])
    own = evidence.tables[RELEASED].query("base == 'olmo-3-7b'")
    for there, here in (("result", "student_score"), ("pgr", "pgr"), ("z_score", "intrinsic")):
        assert sorted(rows[there]) == sorted(own[here])


def test_what_the_page_supposes_of_claims_is_what_comes_out(audit: Audit, checked: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = checked[0].set_index("id")["verdict"]
    assert len(audit.findings) > 8
    for told in audit.findings:
        assert {name: found[name] for name in told.claims} == told.claims, told.title


def set_to(table: str, column: str, value: float, **keys: str) -> Callable[[Tables], None]:
    """A change of one value of a published table."""

    def change(tables: Tables) -> None:
        frame = tables[table]
        rows = pd.Series(True, index=frame.index)
        for key, name in keys.items():
            rows &= frame[key] == name
        assert rows.sum() == 1
        frame.loc[rows, column] = value

    return change


def all_in(*changes: Callable[[Tables], None]) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        for one in changes:
            one(tables)

    return change


def a_positive_gap(tables: Tables) -> None:
    """References as far above their bases as they were below."""
    frame = tables["released_students"]
    known = frame["lang"] != "ja"
    frame.loc[known, "pgr"] = frame.loc[known, "pgr"].abs() * 0 + (frame.loc[known, "student_score"] - 0.3) / 0.1


def own_lines(tables: Tables) -> None:
    """Every base with anchors of its own."""
    frame = tables["released_students"]
    base = frame["base"].map({"olmo-3-7b": 0.30, "gemma-3-4b": 0.31, "qwen-3-8b": 0.32, "llama-3.1-8b": 0.33})
    frame["pgr"] = (frame["student_score"] - base) / 0.1


def different_students(tables: Tables) -> None:
    frame = tables["released_students"]
    frame["student_score"] += [place * 1e-5 for place in range(len(frame))]


def own_parts(tables: Tables) -> None:
    """Scores of which no two differ by a multiple of one over a number of items."""
    frame = tables["released_students"]
    frame["student_score"] += [1.2345e-6 * (place + 1) ** 1.5 for place in range(len(frame))]


def printed_from_released(column: str, table: str, keys: list[str]) -> Callable[[Tables], None]:
    """A printed table set to what is recomputed."""

    def change(tables: Tables) -> None:
        released = tables["released_students"]
        wide = released[released["lang"].isin(["ar", "de", "id"])]
        means = ((wide["intrinsic"] + wide["pgr"]) / 2).groupby([wide["teacher"], wide["base"]]).mean().unstack()
        frame = tables[table]
        if table == "figure02_spearman":
            rho = means.corr(method="spearman")
            frame[column] = [rho.loc[a, b] for a, b in zip(frame["a"], frame["b"], strict=True)]
        elif table == "table14_family_match":
            main = means["olmo-3-7b"]
            rows = zip(frame["teacher"], frame["base"], strict=True)
            frame[column] = [100 * (means.loc[teacher, base] - main[teacher]) / abs(main[teacher]) for teacher, base in rows]
        else:
            frame[column] = [means.loc[row[0], row[1]] for row in frame[keys].to_numpy()]

    return change


def opposed(tables: Tables) -> None:
    """PGRs that undo the intrinsic score, but for a little of their own."""
    released = tables["released_students"]
    own = released[released["base"] == "olmo-3-7b"].set_index(["teacher", "lang"])["intrinsic"].to_dict()
    frame = tables["table12_pgr"]
    cells = list(zip(frame["teacher"], frame["lang"], strict=True))
    frame["pgr"] = [-own[cell] + (place * 7 % 11) / 20 for place, cell in enumerate(cells)]


def wide_students(tables: Tables) -> None:
    """Student scores as far apart as the regression's outcome was."""
    tables["released_students"]["student_score"] *= 0.759 / 0.0737


def of_students(tables: Tables) -> None:
    """A regression of the students' scores instead of the PG-Score's."""
    main = tables["released_students"].query("base == 'olmo-3-7b'")
    left_out = [("llama-3.1-70b-instruct", "ja"), ("gpt-4o-mini", "ar")]
    kept = main[~main.set_index(["teacher", "lang"]).index.isin(left_out)]
    # the claim finds the cells by the PG-Score, so that both must have the same mean
    released = tables["released_students"]
    released["student_score"] += ((kept["pgr"] + kept["intrinsic"]) / 2).mean() - kept["student_score"].mean()


def another_intercept(tables: Tables) -> None:
    set_to("released_regression", "value", 0.5, term="intercept")(tables)


def held_out(tables: Tables) -> None:
    set_to("released_regression", "value", 0.61, term="r2")(tables)


def rising_pg(tables: Tables) -> None:
    frame = tables["released_scale"]
    frame["pg_score"] = frame["student_score"]


def same_students(tables: Tables) -> None:
    main = tables["released_students"].query("base == 'olmo-3-7b' and teacher == 'gemma-3-27b-it'").set_index("lang")
    frame = tables["released_scale"]
    frame["student_score"] = frame["lang"].map(main["student_score"])


def best_by_students(tables: Tables) -> None:
    frame = tables["released_translation"]
    frame["student_score"] = frame["pg_score"]


def own_data(tables: Tables) -> None:
    frame = tables["released_translation"]
    frame["intrinsic"] += [place / 10 for place in range(len(frame))]


def own_fluency(tables: Tables) -> None:
    frame = tables["released_students"]
    frame.loc[frame["base"] != "olmo-3-7b", "intrinsic"] += 0.1


def agreeing(tables: Tables) -> None:
    frame = tables["released_students"]
    frame["pgr"] = 10 * frame["student_score"]
    frame["intrinsic"] = 0.0


def honest_errors(tables: Tables) -> None:
    """Standard errors as if M-RewardBench's were that of its items: the mean of two is larger by half the difference."""
    tables["released_students"]["student_se"] += (0.01118 - 0.00037) / 2


def main_base_alike(tables: Tables) -> None:
    """Every base with the scores whose correlations figure 2 prints."""
    frame = tables["figure02_spearman"]
    rho = tables["figure02_base_models"].pivot(index="teacher", columns="base", values="pg_score").corr(method="spearman")
    frame["rho"] = [rho.loc[a, b] for a, b in zip(frame["a"], frame["b"], strict=True)]


GEMMA = {"teacher": "gemma-3-27b-it"}
CHANGES: dict[str, Callable[[Tables], None]] = {
    "z_scores": set_to("table11_intrinsic", "reward", 1.0, lang="de", **GEMMA),
    "pg_scores": set_to("table12_pgr", "pgr", 2.0, lang="de", **GEMMA),
    "pg_scores_main": set_to("table01_pg_score", "pg_score", 1.6, lang="de", **GEMMA),
    "averages": set_to("table01_pg_score", "pg_score", 0.73, lang="average", **GEMMA),
    "ranking": set_to("table12_pgr", "pgr", -3.0, lang="es", **GEMMA),
    "reference_above_base": a_positive_gap,
    "own_anchors": own_lines,
    "distinct_students": different_students,
    "base_scores": printed_from_released("pg_score", "figure02_base_models", ["teacher", "base"]),
    "base_pairs": printed_from_released("rho", "figure02_spearman", []),
    "top_teacher": set_to("released_students", "pgr", -9.0, base="qwen-3-8b", lang="id", **GEMMA),
    "family_match_printed": all_in(
        set_to("figure02_base_models", "pg_score", 0.638, teacher="llama-3.1-70b-instruct", base="gemma-3-4b"),
        set_to("figure02_base_models", "pg_score", 0.850, base="llama-3.1-8b", **GEMMA),
    ),
    "family_match": set_to("table14_family_match", "percent_increase", 30.0, base="llama-3.1-8b", **GEMMA),
    "size_model": all_in(
        set_to("table07_teachers", "size_b", 111.0, teacher="command-a"),
        set_to("table07_teachers", "size_b", 1.0, teacher="granite-4.0"),
        set_to("table07_teachers", "size_b", 3.0, teacher="granite-4.0-micro"),
    ),
    "size_model_released": set_to("released_sizes", "size_b", 0.1, **GEMMA),
    "table7_sizes": all_in(
        set_to("released_sizes", "size_b", 104.0, teacher="command-a"),
        set_to("released_sizes", "size_b", 3.0, teacher="granite-4.0"),
        set_to("released_sizes", "size_b", 0.4, teacher="granite-4.0-micro"),
    ),
    "ability_model": set_to("released_teacher_benchmarks", "score", 0.99, benchmark="mgsm", lang="de", **GEMMA),
    "intrinsic_extrinsic": set_to("table12_pgr", "pgr", -5.0, lang="de", **GEMMA),
    "commoncrawl": set_to("table08_languages", "commoncrawl_percent", 20.0, lang="ar"),
    "commoncrawl_mean": all_in(
        set_to("table08_languages", "commoncrawl_percent", 7.0, lang="es"),
        set_to("table08_languages", "commoncrawl_percent", 0.9, lang="cs"),
    ),
    "resource_level_mean": all_in(
        set_to("table08_languages", "resource_level", 5, lang="id"), set_to("table08_languages", "resource_level", 3, lang="ja")
    ),
    "regression_outcome": wide_students,
    "weights": opposed,
    "resource_level": set_to("table08_languages", "resource_level", 1, lang="de"),
    "component_sums": set_to("table04_pca_variance", "share", 20.0, component="PC4"),
    "seed_totals": set_to("table06_seed_sizes", "instances", 743.0, source="GSM8k (train)", lang="en"),
    "large_student_averages": set_to("table16_student_32b", "pg_score", 2.0, lang="ar", **GEMMA),
    "large_student_ranking": set_to("table16_student_32b", "pg_score", -9.0, lang="ar", **GEMMA),
    "base_pairs_printed": main_base_alike,
    "regression_intercept": of_students,
    "regression_intercept_pg": another_intercept,
    "regression_in_sample": held_out,
    "scale_order": rising_pg,
    "scale_cell": same_students,
    "translation_best": set_to("released_translation", "pg_score", 0.0, method="translate-synthetic", lang="ar"),
    "translation_best_students": best_by_students,
    "translation_intrinsic": own_data,
    "constant_answers": own_parts,
    "shared_parts": own_parts,
    "part_errors": honest_errors,
    "students_agree": agreeing,
    "own_perplexity": own_fluency,
    "recipe_steps": set_to("table19_tagalog_filbench", "filbench_score", 49.0, model="25K-Polyglot-TL 4B"),
}


def save(tables: Tables, folder: Path, to: Path) -> None:
    """Tables as files, with the released files as they are."""
    for name, frame in tables.items():
        frame.to_csv(to / f"{name}.csv", index=False)
    for name in FILES:
        (to / name).parent.mkdir(exist_ok=True)
        (to / name).write_bytes((folder / name).read_bytes())


@pytest.mark.parametrize("claim", CHANGES)
def test_a_changed_input_changes_the_verdict(
    claim: str, folder: Path, audit: Audit, checked: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    before = checked[0].set_index("id").loc[claim, "verdict"]
    tables = read_published(folder)
    CHANGES[claim](tables)
    save(tables, folder, tmp_path)
    one = replace(
        Evidence.of(tmp_path, audit), audit=audit.model_copy(update={"claims": [c for c in audit.claims if c.id == claim]})
    )
    after = check_claims(one)[0].loc[0, "verdict"]
    assert {before, after} in ({REPRODUCED, NOT_REPRODUCED}, {UNSTATED, NOT_REPRODUCED})


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("base_range", set_to("released_students", "pgr", -9.0, base="gemma-3-4b", lang="id", **GEMMA)),
        ("observations", set_to("table07_teachers", "size_b", float("nan"), **GEMMA)),
        ("regression_points", another_intercept),
        ("base_range_printed", set_to("figure02_base_models", "pg_score", -1.0, base="gemma-3-4b", **GEMMA)),
    ],
)
def test_a_changed_input_changes_the_range(
    claim: str,
    change: Callable[[Tables], None],
    folder: Path,
    audit: Audit,
    checked: tuple[pd.DataFrame, pd.DataFrame],
    tmp_path: Path,
) -> None:
    tables = read_published(folder)
    change(tables)
    save(tables, folder, tmp_path)
    only = audit.model_copy(update={"claims": [one for one in audit.claims if one.id == claim]})
    before = checked[1][checked[1]["id"] == claim].set_index("item")["recomputed"]
    after = check_claims(Evidence.of(tmp_path, only))[1].set_index("item")["recomputed"]
    assert (before != after).any()


def test_every_claim_that_can_be_checked_is_changed_in_a_test(audit: Audit) -> None:
    others = {"size_matters", "base_range", "base_range_printed", "observations", "regression_points", "full_fine_tuning"}
    others |= {*VERDICTS[NOT_CHECKABLE].split()}
    assert {claim.id for claim in audit.claims} == set(CHANGES) | others


def test_size_matters_where_it_is_made_to(folder: Path, audit: Audit, tmp_path: Path) -> None:
    tables = read_published(folder)
    means = tables["table13_pg_score_std"].groupby("teacher")["pg_score"].mean()
    for name in ("table07_teachers", "released_sizes"):
        tables[name]["size_b"] = 2.0 ** tables[name]["teacher"].map(10 * means)
    save(tables, folder, tmp_path)
    only = audit.model_copy(update={"claims": [claim for claim in audit.claims if claim.id == "size_matters"]})
    assert check_claims(Evidence.of(tmp_path, only))[0].loc[0, "verdict"] == NOT_REPRODUCED


def test_a_released_file_that_differs_changes_the_verdict(folder: Path, audit: Audit, tmp_path: Path) -> None:
    save(read_published(folder), folder, tmp_path)
    with (tmp_path / FILES[1]).open("ab") as file:
        file.write(b"\n")
    only = audit.model_copy(update={"claims": [claim for claim in audit.claims if claim.id == "full_fine_tuning"]})
    assert check_claims(Evidence.of(tmp_path, only))[0].loc[0, "verdict"] == REPRODUCED


def test_every_check_is_used_and_every_claim_has_one(audit: Audit) -> None:
    assert {claim.check for claim in audit.claims} == set(CHECKS)
