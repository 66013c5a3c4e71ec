"""Inputs that are dated later than now."""

from __future__ import annotations

import os
import time
from pathlib import Path

from polyglot.workflow.future_files import STAMP, date_now

TOMORROW = time.time() + 86400


def dated(path: Path, when: float) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (when, when))
    return str(path)


def test_what_the_workflow_made_is_dated_now_and_files_of_the_user_are_named(tmp_path: Path) -> None:
    results = tmp_path / "results/mine"
    model = results / "models/base"
    stamp = dated(model / STAMP, TOMORROW)
    late, early = dated(results / "sft/late.parquet", TOMORROW), dated(results / "sft/early.parquet", 1000.0)
    own, right = dated(tmp_path / "data/own prompts.jsonl", TOMORROW), dated(tmp_path / "data/right.jsonl", 1000.0)
    inputs = [str(model), late, early, own, right, late, str(tmp_path / "not there")]
    count, others = date_now(inputs, [results])
    assert count == 2
    assert max(Path(stamp).stat().st_mtime, Path(late).stat().st_mtime) <= time.time()
    assert (Path(early).stat().st_mtime, Path(own).stat().st_mtime) == (1000.0, TOMORROW)
    (said,) = others
    assert said.startswith(f"{own} is dated 2")
    assert said.endswith(f"touch '{own}'")
    assert date_now(inputs, [results])[0] == 0
