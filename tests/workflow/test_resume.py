"""A run that is killed at any moment is completed by the next one, with the same final table."""

from __future__ import annotations

import filecmp
import os
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
    for made in ("answers", "synthetic", "sft", "intrinsic", "students", "scores", "tables", "figures", "analysis", "unfinished"):
        shutil.rmtree(results / made, ignore_errors=True)
    shutil.rmtree(results / "evaluation/students")
    return Workplace(tmp_path / "copy")


HEAVY = (
    *("accelerate", "datasets", "lighteval", "matplotlib", "nltk", "pandas", "peft", "scipy", "sentence_transformers", "sklearn"),
    *("statsmodels", "torch", "transformers", "trl"),
)
LISTENER = """
import atexit, sys
from pathlib import Path
def write():
    name = Path(sys.argv[0] if sys.argv else "").name.split(".")
    if len(name) == 3:
        Path(__file__).with_name("heard").joinpath(name[1]).write_text(" ".join(sorted({packages} & set(sys.modules))))
atexit.register(write)
"""
IMPORTS = {
    "analysis": "pandas scipy",
    "data_tables": "pandas",
    "diversity": "accelerate datasets pandas peft scipy sentence_transformers sklearn torch transformers",
    "evaluate_model": "accelerate datasets lighteval nltk pandas scipy sklearn torch transformers",
    "figure": "matplotlib pandas",
    "ledger": "pandas",
    "measurements": "pandas scipy",
    "page": "pandas",
    "perplexity": "accelerate pandas scipy torch transformers",
    "pg_score": "pandas scipy",
    "resources": "pandas",
    "reward": "accelerate pandas scipy torch transformers",
    "student": "accelerate datasets pandas peft scipy torch transformers trl",
    "table": "pandas",
}
"""Heavy packages that each script imports where it runs by itself, as on a cluster: each costs a start."""
ONE_EACH = ("results/demo/figures/leaderboard.pdf", "results/demo/analysis/spearman.csv", "results/demo/analysis/prices.csv")
"""With the leaderboard, files for which each of these scripts runs, but for those that follow on all tables."""


def listen_to_imports(folder: Path) -> dict[str, str]:
    """Environment variables with which scripts say what they have imported, in files of `heard`."""
    (folder / "heard").mkdir()
    (folder / "sitecustomize.py").write_text(LISTENER.format(packages=set(HEAVY)))
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


def test_killed_in_synthesis_and_in_training(
    tiny: Workplace, interrupted: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kills of a whole run, then an end without shared starts of what is measured: the same bytes as the run that nothing
    disturbed."""
    results = interrupted.folder / "results/demo"
    answers = results / "unfinished/answers/hasty/de/0.jsonl"
    checkpoints = results / "unfinished/students/nano-base/equal/hasty/de/0"

    monkeypatch.delenv(VARIABLE)  # servers of its own, which end with it
    interrupted.kill_when(lambda: answers.exists() and answers.read_bytes().count(b"\n") >= 3)
    assert not list(results.glob("answers/**/*.parquet"))
    done_before = answers.read_bytes().count(b"\n")

    interrupted.unlock()
    interrupted.kill_when(lambda: any(map(is_complete, checkpoints.glob("checkpoint-*"))), "--until", "student")
    monkeypatch.undo()
    log = (results / "logs/synthesize/hasty/de/0.log").read_text()
    assert f"resumed, {done_before * 4}/72 requests" in log
    assert not (results / "students/nano-base/equal/hasty/de/0").exists()

    interrupted.unlock()
    alone = listen_to_imports(tmp_path) | {VARIABLE: OFF}  # jobs do not share their starts; those of the other runs do
    interrupted.snakemake(TABLE, *ONE_EACH, variables=alone)
    interrupted.snakemake("--omit-from", "ledger", "resources")  # tables and figures that need no start of their own
    interrupted.snakemake(variables=alone)
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
    assert {path.name: path.read_text() for path in (tmp_path / "heard").iterdir()} == IMPORTS


def test_nothing_is_left_under_a_temporary_name(tiny: Workplace) -> None:
    assert not list((tiny.folder / "results").rglob("*.partial"))
    assert not list((tiny.folder / "results").rglob("*.measured"))


def test_every_job_has_a_log(tiny: Workplace) -> None:
    logs = {path.relative_to(tiny.folder / "results/demo/logs").parts[0] for path in tiny.folder.rglob("*.log")
            if "results/demo/logs" in str(path)}  # fmt: skip
    assert {"synthesize", "student", "evaluate_student", "perplexity", "figure", "table", "measurements"} <= logs
    progress = (tiny.folder / "results/demo/logs/synthesize/hasty/de/0.log").read_text()
    assert "hasty writes de: done, 72/72 requests" in progress
