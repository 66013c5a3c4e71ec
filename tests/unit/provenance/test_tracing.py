"""Where a file's archive is, what is said when it is missing, and what a trace says of an archive that others made."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.reading import JOBS, open_archive
from polyglot.provenance.archive.tracing import archive_of, trace

from .test_forged import BOARD, Files, Forgery, job
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
    """Traced in an empty folder: a file of this name that differs from the archive's would be refused."""
    with contextlib.chdir(folder), open_archive(forgery.write(folder / "archive.zip")) as opened:
        return list(trace(opened, Path(file), []))


def test_a_name_in_another_form_of_unicode_is_that_of_the_archived_file(honest: Files, tmp_path: Path) -> None:
    steps = traced(Forgery(honest | {"results/demo/\u00fc.md": b"x"}), tmp_path, "results/demo/u\u0308.md")
    assert steps[0].startswith("results/demo/\u00fc.md  [sha256 ")


def chain(forgery: Forgery) -> None:
    """1,500 jobs, each of which reads what the next one makes."""
    line = json.loads(forgery.files[JOBS])
    files = [BOARD, *(f"f{number}" for number in range(1500))]
    jobs = [
        line | {"id": made, "input": {"unnamed": [read], "named": {}}, "output": {"unnamed": [made], "named": {}}}
        for made, read in pairwise(files)
    ]
    forgery.files[JOBS] = "".join(f"{json.dumps(one)}\n" for one in jobs).encode()


def table(content: bytes) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.files[BOARD] = content

    return change


NO_TABLE = rf"^{BOARD}: it is no table: "
TRACED: dict[str, tuple[Callable[[Forgery], None], str]] = {
    "wildcards that are a list": (job(wildcards={"lang": ["de"]}), r"line 1: wildcards\.lang: "),
    "seconds without end": (job(measured={"s": 10**400}), "its times cannot be read"),
    "an empty table": (table(b""), NO_TABLE),
    "a ragged table": (table(b"a,b\n1,2\n1,2,3,4\n"), NO_TABLE),
    "an open quotation mark": (table(b'a,b\n"1,2\n'), NO_TABLE),
    "a table in Latin-1": (table("a,b\nä,1\n".encode("latin-1")), NO_TABLE),
    "a long chain of jobs": (chain, "too many jobs follow one another"),
}


@pytest.mark.parametrize("name", TRACED)
def test_what_cannot_be_traced_is_named(honest: Files, tmp_path: Path, name: str) -> None:
    change, said = TRACED[name]
    forgery = Forgery(dict(honest))
    change(forgery)
    with pytest.raises(ArchiveError, match=said):
        traced(forgery, tmp_path, BOARD)


def test_a_job_without_script_and_command_is_traced(honest: Files, tmp_path: Path) -> None:
    forgery = Forgery(dict(honest))
    job(script=None, shell=None)(forgery)
    assert any("by table/intrinsic: no command, at " in step for step in traced(forgery, tmp_path, BOARD))
