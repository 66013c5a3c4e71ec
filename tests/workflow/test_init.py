"""A study made by `polyglot init` is planned by Snakemake with its own registries, and without anything of the embedded study."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .conftest import copy_workflow


def test_a_folders_study_is_planned_at_its_price_and_without_nano_models(repository: Path, tmp_path: Path) -> None:
    fresh = copy_workflow(repository, tmp_path)
    (fresh.folder / "quiz/sw").mkdir(parents=True)
    (fresh.folder / "sw.jsonl").write_text('{"prompt": "Swali?", "response": "Jibu."}\n', encoding="utf-8")
    item = {"question": "Mji?", "choices": ["Nairobi", "Mombasa"], "answer": 0}
    (fresh.folder / "quiz/sw/test.jsonl").write_text(json.dumps(item), encoding="utf-8")
    models = ["--teacher", "url=http://localhost:1/v1,model=m,price=1/2", "--judge", "gpt-4o-mini", "--embedding", "minilm"]
    models += ["--base", "hub=a/b,reference=a/c,size=0.6", "--benchmark", "quiz=quiz"]
    done = subprocess.run(
        [sys.executable, "-m", "polyglot", "init", "mine", "--languages", "sw", "--prompts", "sw.jsonl", *models],
        cwd=fresh.folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(fresh.folder / "scripts")},
    )
    assert done.returncode == 0, done.stderr
    assert "  m: " in done.stdout
    assert "disk (GB)" in done.stdout
    study = "config/mine/study.yaml"
    assert f"snakemake --configfile {study}" in done.stdout
    text = (fresh.folder / study).read_text(encoding="utf-8")
    assert "folder: ../../quiz" in text
    planned = fresh.planned("results/mine/tables/leaderboard.md")  # the study follows from its target
    assert (planned["ask_endpoint"], planned["student"]) == (1, 1)
    assert [rule for rule in planned if rule.startswith("nano")] == []
