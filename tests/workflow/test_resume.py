"""A run that is killed at any moment is completed by the next one, with the same final table."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

import pytest

from polyglot.training.checkpoints import is_complete
from polyglot.workflow.shared_starts import OFF, VARIABLE

from .conftest import Workplace

pytestmark = pytest.mark.slow

TABLE = "results/demo/tables/leaderboard.csv"
EXACT = (".csv", ".parquet", ".safetensors")


@pytest.fixture
def interrupted(tiny: Workplace, tmp_path: Path) -> Workplace:
    """A copy in which everything after the requests is still to be made."""
    shutil.copytree(tiny.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    results = tmp_path / "copy/results/demo"
    for made in ("answers", "synthetic", "sft", "intrinsic", "students", "scores", "tables", "figures", "analysis"):
        shutil.rmtree(results / made, ignore_errors=True)
    shutil.rmtree(results / "evaluation/students")
    return Workplace(tmp_path / "copy")


def test_killed_in_synthesis_and_in_training(tiny: Workplace, interrupted: Workplace) -> None:
    results = interrupted.folder / "results/demo"
    answers = results / "unfinished/answers/hasty/de/0.jsonl"
    checkpoints = results / "unfinished/students/nano-base/equal/hasty/de/0"

    interrupted.kill_when(lambda: answers.exists() and answers.read_bytes().count(b"\n") >= 3)
    assert not list(results.glob("answers/**/*.parquet"))
    done_before = answers.read_bytes().count(b"\n")

    interrupted.unlock()
    interrupted.kill_when(lambda: any(map(is_complete, checkpoints.glob("checkpoint-*"))))
    log = (results / "logs/synthesize/hasty/de/0.log").read_text()
    assert f"resumed, {done_before * 4}/72 requests" in log
    assert not (results / "students/nano-base/equal/hasty/de/0").exists()

    interrupted.unlock()
    interrupted.snakemake(**{VARIABLE: OFF})  # its jobs do not share their starts; those of the other runs do
    log = (results / "logs/student/nano-base/equal/hasty/de/0.log").read_text()
    assert "fine-tuning: resumed" in log
    assert not answers.exists()
    assert not checkpoints.exists()
    assert (interrupted.folder / TABLE).read_bytes() == (tiny.folder / TABLE).read_bytes()
    for measured in ("intrinsic", "students", "evaluation", "scores"):
        ours, theirs = (workplace.folder / "results/demo" / measured for workplace in (interrupted, tiny))
        files = [str(path.relative_to(theirs)) for path in theirs.rglob("*") if path.suffix in EXACT]
        assert files
        assert filecmp.cmpfiles(ours, theirs, files, shallow=False)[1:] == ([], [])


def test_nothing_is_left_under_a_temporary_name(tiny: Workplace) -> None:
    assert not list((tiny.folder / "results").rglob("*.partial"))
    assert not list((tiny.folder / "results").rglob("*.measured"))


def test_every_job_has_a_log(tiny: Workplace) -> None:
    logs = {path.relative_to(tiny.folder / "results/demo/logs").parts[0] for path in tiny.folder.rglob("*.log")
            if "results/demo/logs" in str(path)}  # fmt: skip
    assert {"synthesize", "student", "evaluate_student", "perplexity", "figure", "table", "measurements"} <= logs
    progress = (tiny.folder / "results/demo/logs/synthesize/hasty/de/0.log").read_text()
    assert "hasty writes de: done, 72/72 requests" in progress
