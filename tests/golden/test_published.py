"""The paper's own numbers (arXiv 2604.11290) through the same scoring code as any study's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyglot.published import published_measurements, read_table
from polyglot.scores import rank_teachers, score_cells

Scored = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def published(repository: Path) -> Path:
    return repository / "config/published"


@pytest.fixture(scope="module")
def scored(published: Path) -> Scored:
    measured = published_measurements(published / "table11_intrinsic.csv", published / "table12_pgr.csv")
    cells, replicates = score_cells(measured, alpha=0.5, confidence=0.95)
    return cells, rank_teachers(replicates, definition="released", confidence=0.95)


def test_all_sixty_pg_scores_are_within_0_005_of_table_13(scored: Scored, published: Path) -> None:
    printed = read_table(published / "table13_pg_score_std.csv", ("pg_score", "std"))
    both = scored[0].merge(printed, on=["teacher", "lang"], validate="one_to_one")
    assert len(both) == len(printed) == 60
    worst = (both["pg_released"] - both["pg_score"]).abs()
    assert worst.max() <= 0.005, both[worst > 0.005].to_string()


def test_averages_and_ranking_are_those_of_table_1(scored: Scored, published: Path) -> None:
    printed = pd.read_csv(published / "table01_pg_score.csv").set_index("teacher")["average"]
    ranked = scored[1].set_index("teacher")["pg_released"]
    assert list(ranked.index) == list(printed.sort_values(ascending=False).index)
    assert (ranked - printed).abs().max() <= 0.002


def test_what_is_not_published_is_not_made_up(scored: Scored) -> None:
    assert scored[0][["pg_paper", "pg_signsafe", "pg_released_low"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("teacher,lang\na,de\n", r"missing column\(s\) pgr"),
        ("teacher,lang,pgr\na,de,1.0\na,id,much\n", "row 2: column 'pgr' holds 'much'"),
        ("teacher,lang,pgr\na,de,1.0\na,de,2.0\n", r"row 2: the cell \('a', 'de'\) is there twice"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(path, ("pgr",))


def test_tables_with_different_cells_are_refused(tmp_path: Path, published: Path) -> None:
    pgr = pd.read_csv(published / "table12_pgr.csv").iloc[1:]
    pgr.to_csv(tmp_path / "pgr.csv", index=False)
    with pytest.raises(ValueError, match=r"do not have the same cells.*aya-expanse-32b"):
        published_measurements(published / "table11_intrinsic.csv", tmp_path / "pgr.csv")
