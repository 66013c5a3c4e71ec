"""trl's own runs, to compare with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.nano.gold import gold_pairs
from polyglot.nano.world import World
from polyglot.training.settings import Training

TRAINING = Training(epochs=10, batch_size=4, gradient_accumulation=2, learning_rate=1e-3, checkpoint_steps=20, max_length=52)
"""Of 40 examples some are cut, and those without a response left out: five updates an epoch, fifty in all."""


@pytest.fixture(scope="session")
def pairs(world: World) -> pd.DataFrame:
    return gold_pairs(world, ["de"], examples=40, seed=0)


@pytest.fixture(scope="session")
def trl_run(tmp_path_factory: pytest.TempPathFactory, wide_nano_model: Path, pairs: pd.DataFrame) -> Any:
    """What trl alone does, in the main environment: `trl_run(tuning)` gives its summary and the labels of its batches."""
    python = Path(os.environ["POLYGLOT_PYTHON"])
    paths = [Path(__file__).parents[2] / "scripts", python.parents[1] / "qlora"]
    folder = tmp_path_factory.mktemp("trl")
    pairs.to_parquet(folder / "pairs.parquet")
    found: dict[str, dict[str, Any]] = {}

    def run(tuning: str) -> dict[str, Any]:
        if tuning not in found:
            training = TRAINING.model_copy(update={"tuning": tuning})
            command = [
                str(python),
                str(Path(__file__).parent / "run.py"),
                str(wide_nano_model),
                str(folder),
                training.model_dump_json(),
            ]
            environment = {name: value for name, value in os.environ.items() if not name.startswith("UNSLOTH")}
            subprocess.run(command, check=True, env=environment | {"PYTHONPATH": os.pathsep.join(map(str, paths))})
            found[tuning] = json.loads((folder / f"{tuning}.json").read_text())
        return found[tuning]

    return run
