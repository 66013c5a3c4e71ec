"""Where a file's archive is, and what is said when it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.tracing import archive_of


def test_the_archive_of_any_file_is_that_of_its_study(tmp_path: Path) -> None:
    archive = tmp_path / "results/mine/archive.zip"
    archive.parent.mkdir(parents=True)
    archive.touch()
    for file in ("tables/leaderboard.csv", "students/b/equal/t/de/0", "config.yaml"):
        assert archive_of(tmp_path / "results/mine" / file) == archive


def test_what_is_missing_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"is missing, .*x\.csv is missing too\. Make it: snakemake results/mine/archive\.zip"):
        archive_of(tmp_path / "results/mine/tables/x.csv")
    with pytest.raises(ArchiveError, match=r"not in a study's results .*--archive"):
        archive_of(tmp_path / "x.csv")
