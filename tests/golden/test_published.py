"""The paper's own numbers (arXiv 2604.11290) through the same scoring code as any study's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from polyglot.replication.checks import CHECKS
from polyglot.replication.evidence import Audit, Evidence
from polyglot.replication.published import AVERAGE, read_published
from polyglot.replication.verdicts import NOT_CHECKABLE, NOT_REPRODUCED, REPRODUCED, check_claims, read_audit

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
    "size_matters intrinsic_extrinsic weights commoncrawl resource_level component_sums large_student_averages "
    "large_student_ranking recipe_steps",
    NOT_REPRODUCED: "reference_above_base own_anchors distinct_students base_scores base_range base_range_printed base_pairs "
    "family_match_printed size_model table7_sizes commoncrawl_mean resource_level_mean regression_outcome seed_totals",
    NOT_CHECKABLE: "seed_deviations components",
}


def test_verdicts(checked: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    claims = checked[0].set_index("id")["verdict"]
    assert claims.to_dict() == {name: verdict for verdict, names in VERDICTS.items() for name in names.split()}


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
    "recipe_steps": set_to("table19_tagalog_filbench", "filbench_score", 49.0, model="25K-Polyglot-TL 4B"),
}


@pytest.mark.parametrize("claim", CHANGES)
def test_a_changed_input_changes_the_verdict(
    claim: str, folder: Path, audit: Audit, checked: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    before = checked[0].set_index("id").loc[claim, "verdict"]
    tables = read_published(folder)
    CHANGES[claim](tables)
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    one = replace(
        Evidence.of(tmp_path, audit), audit=audit.model_copy(update={"claims": [c for c in audit.claims if c.id == claim]})
    )
    after = check_claims(one)[0].loc[0, "verdict"]
    assert {before, after} == {REPRODUCED, NOT_REPRODUCED}


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("base_range", set_to("released_students", "pgr", -9.0, base="gemma-3-4b", lang="id", **GEMMA)),
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
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    only = audit.model_copy(update={"claims": [one for one in audit.claims if one.id == claim]})
    before = checked[1][checked[1]["id"] == claim].set_index("item")["recomputed"]
    after = check_claims(Evidence.of(tmp_path, only))[1].set_index("item")["recomputed"]
    assert (before != after).any()


def test_every_claim_that_can_be_checked_is_changed_in_a_test(audit: Audit) -> None:
    others = {"size_matters", "base_range", "base_range_printed", *VERDICTS[NOT_CHECKABLE].split()}
    assert {claim.id for claim in audit.claims} == set(CHANGES) | others


def test_size_matters_where_it_is_made_to(folder: Path, audit: Audit, tmp_path: Path) -> None:
    tables = read_published(folder)
    means = tables["table13_pg_score_std"].groupby("teacher")["pg_score"].mean()
    for name in ("table07_teachers", "released_sizes"):
        tables[name]["size_b"] = 2.0 ** tables[name]["teacher"].map(10 * means)
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    only = audit.model_copy(update={"claims": [claim for claim in audit.claims if claim.id == "size_matters"]})
    assert check_claims(Evidence.of(tmp_path, only))[0].loc[0, "verdict"] == NOT_REPRODUCED


def test_every_check_is_used_and_every_claim_has_one(audit: Audit) -> None:
    assert {claim.check for claim in audit.claims} == set(CHECKS)
