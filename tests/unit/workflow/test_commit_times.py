"""A fresh clone's files get the times of their last commits; what was changed since keeps its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from polyglot.workflow.commit_times import NoHistory, set_commit_times


def git(folder: Path, *arguments: str, when: int = 0) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    dates = {"GIT_COMMITTER_DATE": f"@{when} +0000", "GIT_AUTHOR_DATE": f"@{when} +0000", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, env=dates)


def test_times_are_those_of_the_last_change(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init")
    for when, names in ((1_000_000, ("früh.py", "spät.py", "mine.py")), (2_000_000, ("spät.py",))):
        for name in names:
            (origin / name).write_text(str(when))
        git(origin, "add", ".")
        git(origin, "commit", "-m", "x", when=when)
    git(tmp_path, "clone", str(origin), str(clone))
    (clone / "mine.py").write_text("changed here")
    (clone / "new.py").write_text("")
    mine = (clone / "mine.py").stat().st_mtime
    assert set_commit_times(clone) == 2
    assert (clone / "früh.py").stat().st_mtime == 1_000_000
    assert (clone / "spät.py").stat().st_mtime == 2_000_000
    assert (clone / "mine.py").stat().st_mtime == mine
    assert set_commit_times(clone) == 0


def test_a_folder_without_history_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoHistory, match="snakemake --touch"):
        set_commit_times(tmp_path)
