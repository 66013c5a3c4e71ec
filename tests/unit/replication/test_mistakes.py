"""Published tables and claims that cannot be used are named: file, row, column, claim."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from polyglot.replication.published import read_files, read_published
from polyglot.replication.verdicts import read_audit
from polyglot.scoring.metric_tables import read_table


@pytest.fixture
def folder(repository: Path) -> Path:
    return repository / "config/published"


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("table12_pgr", lambda text: text.replace("2.491", "much"), "row 3: column 'pgr' holds 'much', which is not a number"),
        (
            "table12_pgr",
            lambda text: text + "aya-expanse-32b,de,1.0\n",
            "row 61: duplicate row of .aya-expanse-32b, de.",
        ),
        ("table12_pgr", lambda text: text.replace("aya-expanse-32b,de,2.491\n", ""), "no row for .aya-expanse-32b, de."),
        (
            "table11_intrinsic",
            lambda text: text.replace("aya-expanse-32b", "aya-expance-32b"),
            "'teacher' holds 'aya-expance-32b'",
        ),
        ("table11_intrinsic", lambda text: text.replace("perplexity", "ppl"), r"missing column\(s\) perplexity"),
        ("table16_student_32b", lambda text: text.replace(",de,", ",dd,"), "column 'lang' holds 'dd'"),
        (
            "figure02_base_models",
            lambda text: "".join(line for line in text.splitlines(keepends=True) if "command-a" not in line),
            "no row for command-a, which table 7 lists",
        ),
        ("table07_teachers", lambda text: text.replace("\naya-expanse-32b,", "\n,"), "column 'teacher' is empty"),
    ],
)
def test_a_wrong_cell_is_named(folder: Path, tmp_path: Path, table: str, change: Callable[[str], str], message: str) -> None:
    shutil.copytree(folder, tmp_path / "published")
    path = tmp_path / f"published/{table}.csv"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=rf"{table}\.csv: .*{message}"):
        read_published(tmp_path / "published")


def test_a_missing_table_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "published")
    (tmp_path / "published/table12_pgr.csv").unlink()
    with pytest.raises(ValueError, match=r"table12_pgr\.csv is missing"):
        read_published(tmp_path / "published")


def test_a_missing_released_file_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pg_scores_base_olmo3\.jsonl is missing; it is part of the repository"):
        read_files(tmp_path)
    assert set(read_files(folder)) == {"pg_scores_base_olmo3.jsonl", "pg_scores_qlora.jsonl"}


def test_every_table_names_its_source(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        assert path.read_text(encoding="utf-8").startswith("# Source: "), path.name


def test_claims_that_are_wrong_are_named(repository: Path, tmp_path: Path) -> None:
    text = (repository / "config/replication.yaml").read_text(encoding="utf-8")
    for old, new, message in (
        ("check: averages", "check: averges", "claim 'averages': unknown check 'averges'; did you mean 'averages'"),
        ("- id: averages", "- id: ranking", "duplicate claim 'ranking'"),
        ("tolerance: 0.002", "tolerance: little", r"claims\.\d+\.tolerance"),
        (
            "claims: {students_agree: not",
            "claims: {student_agree: not",
            "unknown claim 'student_agree'; did you mean 'stud",
        ),
        ("claims: {students_agree: not reproduced}", "claims: {students_agree: false}", "students_agree"),
        ("claims: {students_agree: not reproduced}", "claims: {students_agree: wrong}", "unknown verdict 'wrong'"),
    ):
        (tmp_path / "replication.yaml").write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=message):
            read_audit(tmp_path / "replication.yaml")


def test_rows_are_counted_below_the_source_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("# Source: somewhere\nteacher,lang,pgr\na,de,1.0\na,id,inf\n")
    with pytest.raises(ValueError, match="row 2: column 'pgr' holds 'inf'"):
        read_table(path, ("teacher", "lang"), ("pgr",))
