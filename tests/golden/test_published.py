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
from tests.golden.changes import CHANGES, GEMMA, Tables, another_intercept, set_to


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
    "held_out_students held_out_pg own_perplexity",
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
    "held_out_students": {"advantage pg": -0.008, "regret pg": 0.029, "rho pg": -0.276, "advantage ability": 0.004},
    "held_out_pg": {"advantage pg": -0.058, "regret pg": 0.579, "rho pg": 0.515, "advantage intrinsic": 0.235},
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
