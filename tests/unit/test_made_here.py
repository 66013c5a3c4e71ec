"""A finished embedded study is taken for tests only where it is whole and of this code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from polyglot.provenance.records import code_id
from tests.workflow.made_here import is_made_by_this_code, take

JOB = "results/demo/provenance/jobs/synthesize/hasty/de/0.jsonl"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make` leaves: a result, a record of its job, and what Snakemake knows."""
    write(tmp_path / "clone/results/demo/config.yaml", "study: demo\n")
    write(tmp_path / "clone/results/demo/report.html", "<html>")
    write(tmp_path / "clone/.snakemake/metadata/known", "{}")
    (tmp_path / "clone/.snakemake/incomplete").mkdir()
    record(tmp_path / "clone", code_id())
    return tmp_path / "clone"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def record(clone: Path, *codes: str) -> None:
    lines = [[{"event": "began", "at": 1.0, "code": code}, {"event": "ended", "at": 2.0, "status": "finished"}] for code in codes]
    write(clone / JOB, "".join(json.dumps(line) + "\n" for attempt in lines for line in attempt))


def begin(clone: Path) -> None:
    with (clone / JOB).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": "began", "at": 3.0, "code": code_id()}) + "\n")


def test_it_is_taken_with_its_time_stamps_and_without_the_report(clone: Path, tmp_path: Path) -> None:
    assert is_made_by_this_code(clone)
    take(clone, tmp_path / "other")
    taken, made = (folder / "results/demo/config.yaml" for folder in (tmp_path / "other", clone))
    assert taken.stat().st_mtime_ns == made.stat().st_mtime_ns
    assert (tmp_path / "other/.snakemake/metadata/known").exists()
    assert not (tmp_path / "other/results/demo/report.html").exists()


def test_a_job_of_other_code_that_this_code_has_done_again_counts(clone: Path) -> None:
    record(clone, "another", code_id())
    assert is_made_by_this_code(clone)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda clone: record(clone, code_id(), "another"), id="a job of other code"),
        pytest.param(lambda clone: (clone / JOB).write_text(""), id="a job without a record"),
        pytest.param(lambda clone: (clone / JOB).unlink(), id="no job"),
        pytest.param(lambda clone: begin(clone), id="a job under way"),
        pytest.param(lambda clone: write(clone / ".snakemake/incomplete/bQ", ""), id="a job that was killed"),
        pytest.param(lambda clone: (clone / ".snakemake/metadata").rename(clone / "away"), id="unknown to Snakemake"),
    ],
)
def test_anything_else_is_not(clone: Path, change: Callable[[Path], object]) -> None:
    change(clone)
    assert not is_made_by_this_code(clone)
