"""Choices that are one line of configuration: who judges, whose prompts, how many seeds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Workplace

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tiny: Workplace, tmp_path: Path) -> Workplace:
    shutil.copytree(tiny.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    return Workplace(tmp_path / "copy")


def test_a_chat_model_with_a_rubric_may_judge(copy: Workplace) -> None:
    """A nano model is no judge: what it says can hardly be read as a rating, and is missing then, never a 1."""
    target = "results/demo/intrinsic/equal/hasty/de/0/reward.parquet"
    copy.snakemake(target, "--config", "intrinsic={reward: {kind: rubric_judge, model: hasty}}")
    rated = pd.read_parquet(copy.folder / target)
    training = pd.read_parquet(copy.folder / "results/demo/sft/equal/hasty/de/0.parquet")
    assert list(rated["id"]) == list(training["id"])
    assert rated["text"].notna().all()
    assert rated["reward"].isna().any()
    assert not (copy.folder / "results/demo/unfinished/reward/equal/hasty/de/0.jsonl").exists()


def test_a_users_own_prompts_reach_the_teachers(copy: Workplace) -> None:
    rows = [{"prompt": f"Was ist {number} und 1?", "response": str(number + 1)} for number in range(30)]
    (copy.folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = "results/demo/requests/de/respond/0.parquet"
    copy.snakemake(target, "--config", "seed_dataset={files: {de: mine.jsonl}, max_prompts: 10}")
    asked = pd.read_parquet(copy.folder / target)
    assert set(asked["prompt"]) <= {row["prompt"] for row in rows}
    assert asked["prompt"].nunique() == 10


def test_published_measurements_end_with_leaderboard_and_figures(copy: Workplace, repository: Path) -> None:
    copy.snakemake("published")
    board = pd.read_csv(copy.folder / "results/published/tables/leaderboard.csv").set_index("teacher")
    printed = pd.read_csv(repository / "config/published/table01_pg_score.csv").set_index("teacher")
    assert list(board.index) == list(printed.sort_values("average", ascending=False).index)
    assert set(board["flagged"]) == {"unknown"}
    for name in ("pg_score", "intrinsic_extrinsic"):
        assert (copy.folder / f"results/published/figures/{name}.pdf").exists()
