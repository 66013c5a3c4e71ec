"""Where a file's archive is, what is said when it is missing, and what a trace says of an archive that others made."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.reading import open_archive
from polyglot.provenance.archive.tracing import archive_of, trace

from .test_forged import Files, Forgery
from .test_forged import honest as honest


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


def traced(forgery: Forgery, folder: Path, file: str) -> list[str]:
    with open_archive(forgery.write(folder / "archive.zip")) as opened:
        return list(trace(opened, Path(file), []))


def test_a_name_in_another_form_of_unicode_is_that_of_the_archived_file(honest: Files, tmp_path: Path) -> None:
    steps = traced(Forgery(honest | {"results/demo/\u00fc.md": b"x"}), tmp_path, "results/demo/u\u0308.md")
    assert steps[0].startswith("results/demo/\u00fc.md  [sha256 ")
