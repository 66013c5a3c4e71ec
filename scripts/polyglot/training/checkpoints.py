"""Shared by all training: checkpoints for resuming killed jobs, progress, and atomic saving of models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polyglot.core.hashing import content_id
from polyglot.core.progress import Progress
from polyglot.training.language_model import copy_processor

OWNER = "owner"
COMPLETE = "trainer_state.json"
"""The file that a transformers trainer writes last."""


def training_owner(**settings: Any) -> str:
    """Identifies a training run: data, initial model and settings. Checkpoints of another run are never used."""
    return content_id(json.dumps(settings, sort_keys=True, default=str))


def resume_point(folder: Path, owner: str) -> str | None:
    """The newest complete checkpoint that `owner` wrote in the folder; everything else there is removed."""
    folder = Path(folder)
    mark = folder / OWNER
    if folder.exists() and (not mark.exists() or mark.read_text() != owner):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(owner)
    found: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        if is_complete(path):
            found[int(path.name.rpartition("-")[2])] = path
        else:
            shutil.rmtree(path)
    return str(found[max(found)]) if found else None


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint is complete: a killed process may leave its last file truncated."""
    try:
        json.loads((checkpoint / COMPLETE).read_text())
    except (OSError, ValueError):
        return False
    return True


def watch(trainer: Any, title: str) -> None:
    """Show the trainer's steps as progress instead of its own bar and prints. The last step's loss is always logged, so that the
    training mean covers all steps of all processes."""
    from transformers import PrinterCallback, TrainerCallback

    class StepProgress(TrainerCallback):
        shown: Progress | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                self.shown = Progress(state.max_steps, state.global_step, title, "step")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.shown is not None:
                self.shown.advance(state.global_step - self.shown.done)
            control.should_log |= state.global_step == state.max_steps

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.shown is not None:
                self.shown.close()

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StepProgress())


def save_whole(
    model: Any,
    tokenizer: Any,
    out: Path,
    *,
    weights: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    base: Path | None = None,
    done_with: Iterable[Path] = (),
) -> None:
    """Save model and tokenizer atomically: the folder `out` appears complete or not at all.

    Args:
        weights: all weights of the model, if the model holds only a shard.
        extra: further JSON files to save beside the weights, by name.
        base: the folder of the model that it was trained from; a multimodal one has settings of processors.
        done_with: folders to remove afterwards, such as checkpoints.
    """
    out = Path(out)
    partial = out.with_name(f".{out.name}.partial")
    for folder in (partial, out):
        shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(partial, state_dict=weights)
    tokenizer.save_pretrained(partial)
    if base is not None:
        copy_processor(base, partial)
    for name, value in (extra or {}).items():
        (partial / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, out)
    for folder in done_with:
        shutil.rmtree(folder, ignore_errors=True)
