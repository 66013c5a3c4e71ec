"""A training with the labels of its batches, as one process sees them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from polyglot.training.settings import Training
from polyglot.training.students import fine_tune


def observed(base: Path, pairs: pd.DataFrame, folder: Path, training: Training) -> dict[str, Any]:
    """A summary, with `batches`: of each training step, the tokens and labels of every example without its padding."""
    from transformers import Trainer

    batches: list[list[tuple[list[int], list[int]]]] = []
    original = Trainer.training_step

    def training_step(self: Any, model: Any, inputs: dict[str, Any], *arguments: Any, **keywords: Any) -> Any:
        rows = zip(inputs["input_ids"], inputs["labels"], inputs["attention_mask"], strict=True)
        batches.append([(ids[mask == 1].tolist(), labels[mask == 1].tolist()) for ids, labels, mask in rows])
        assert (inputs["labels"][inputs["attention_mask"] == 0] == -100).all()
        return original(self, model, inputs, *arguments, **keywords)

    with mock.patch.object(Trainer, "training_step", training_step):
        summary = fine_tune(base, pairs, folder / "student", training, seed=3, checkpoints=folder / "checkpoints")
    return {**summary, "batches": batches}


if __name__ == "__main__":
    base, folder, settings = Path(sys.argv[1]), Path(sys.argv[2]), Training.model_validate_json(sys.argv[3])
    found = observed(base, pd.read_parquet(folder / "pairs.parquet"), folder / settings.tuning, settings)
    (folder / f"{settings.tuning}.json").write_text(json.dumps(found))
