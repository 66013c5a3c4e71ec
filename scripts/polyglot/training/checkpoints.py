"""Shared by all training: checkpoints for resuming killed jobs, progress, and atomic saving of models."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polyglot.core.files import read_json, write_json
from polyglot.core.hashing import content_id
from polyglot.core.progress import Progress
from polyglot.training.language_model import copy_processor

OWNER = "owner"
ASIDE = "damaged"
"""How the name of a checkpoint begins that cannot be read."""
KEPT = 2
"""Checkpoints that are kept: if the newest one turns out to be damaged, training goes on from the one before."""
CHECKSUMS = "checksums.json"
BLOCK = 2**22
COMPLETE = "trainer_state.json"
"""The file that a transformers trainer writes last."""


def training_owner(**settings: Any) -> str:
    """Identifies a training run: data, initial model and settings. Checkpoints of another run are never used."""
    return content_id(json.dumps(settings, sort_keys=True, default=str))


def resume_point(folder: Path, owner: str, *, check: bool = True) -> str | None:
    """The newest whole checkpoint that `owner` wrote in the folder; what others wrote or a kill has left is removed.

    A checkpoint whose files are damaged is set aside under another name, and the one before it is taken.

    Args:
        check: whether the files are read; of several processes, the first one does that for all.
    """
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
    for step in sorted(found, reverse=True):
        damage = damaged(found[step]) if check else None
        if damage is None:
            return str(found[step])
        aside = found[step].with_name(f"{ASIDE}-{step}")
        shutil.rmtree(aside, ignore_errors=True)
        found[step].rename(aside)
        print(f"{found[step]}: {damage}; it is set aside as {aside}, and training goes on from before it", file=sys.stderr)
    return None


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint is complete: a killed process may leave its last file truncated."""
    try:
        json.loads((checkpoint / COMPLETE).read_text())
    except (OSError, ValueError):
        return False
    return True


def add_checksums(checkpoint: Path) -> None:
    """Write the checksum of every file of a checkpoint beside them, since most of the formats hold none."""
    sums = {str(path.relative_to(checkpoint)): _checksum(path) for path in _files(checkpoint)}
    write_json(sums, checkpoint / CHECKSUMS)


def damaged(checkpoint: Path) -> str | None:
    """Which file of a checkpoint is not as it was written; None if all are, or a kill came before their checksums."""
    try:
        sums = read_json(checkpoint / CHECKSUMS)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"{CHECKSUMS} cannot be read ({error})"
    for name, expected in sums.items():
        path = checkpoint / name
        if not path.is_file() or _checksum(path) != expected:
            return f"{name} is not as it was written"
    return None


def _files(checkpoint: Path) -> list[Path]:
    return sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != CHECKSUMS)


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found = zlib.crc32(block, found)
    return found


def watch(trainer: Any, title: str) -> None:
    """Show the trainer's steps as progress instead of its own bar and prints, and add checksums to its checkpoints. The last
    step's loss is always logged, so that the training mean covers all steps of all processes."""
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

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            if state.is_world_process_zero and checkpoint.is_dir():
                add_checksums(checkpoint)

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
