"""Training in this process, alone or as one of several."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from polyglot.core.conversations import HISTORY
from polyglot.core.hashing import content_id, folder_fingerprint
from polyglot.models.thinking import needs_thoughts_key
from polyglot.models.tokenization import load_tokenizer, needs_chat_template
from polyglot.training.batches import Batches, SeededOrder, blank
from polyglot.training.checkpoints import resume_point, save_whole, training_owner, watch
from polyglot.training.examples import Example, counted, encode, thoughts_of
from polyglot.training.language_model import is_multimodal
from polyglot.training.lora import merge
from polyglot.training.machine import Machine
from polyglot.training.settings import Training

SUMMARY = "training.json"
"""File of a student's folder: what `train` returns."""
ALWAYS_OWNED = set(Training.model_fields) - {
    "trainer",
    "tuning",
    "lora",
    "precision",
    "gradient_checkpointing",
    "offload",
    "thoughts",
    "warmup_steps",
}
"""Settings always recorded with checkpoints; other settings only if they differ from the default."""


def train(
    base: Path,
    pairs: pd.DataFrame,
    out: Path,
    training: Training,
    *,
    seed: int,
    checkpoints: Path,
    chat_template: Path | None = None,
) -> dict[str, Any]:
    """Fine-tune a base; see `polyglot.training.students.fine_tune`. Of several processes, the first saves the student."""
    machine = Machine.here()
    module = _trainer_module(training)
    module.make_ready()
    tokenizer = load_tokenizer(base, chat_template)
    marks = training.loss != "all"
    needs_chat_template(tokenizer, base, marks=marks)
    key = needs_thoughts_key(tokenizer, base, marks=marks) if training.thoughts == "keep" else None
    examples = encode(tokenizer, pairs, loss=training.loss, max_length=training.max_length, thoughts=key)
    counts = counted(examples, len(pairs))
    print(counts)
    trainer = _trainer(module, base, examples, training, machine, tokenizer=tokenizer, seed=seed, checkpoints=checkpoints)
    watch(trainer, "fine-tuning")
    data = content_id(
        *pairs["prompt"],
        *pairs["response"],
        *(thoughts_of(pairs, key) if key else []),
        *pairs.get(HISTORY, []),
    )
    settings = owned(training, machine, multimodal=is_multimodal(trainer.accelerator.unwrap_model(trainer.model)))
    owner = training_owner(base=folder_fingerprint(base), form=tokenizer.chat_template, data=data, seed=seed, **settings)
    with trainer.args.main_process_first(local=False):
        resumed = resume_point(checkpoints, owner, check=trainer.is_world_process_zero())
    result = trainer.train(resume_from_checkpoint=resumed)
    summary = {
        "steps": trainer.state.global_step,
        "epochs": trainer.state.epoch,
        "examples": len(pairs),
        **counts,
        "loss": result.training_loss,
        "seed": seed,
        "curve": [[entry["step"], entry["loss"]] for entry in trainer.state.log_history if "loss" in entry],
    }
    dtype = machine.saved_weights(training)
    weights = _gathered_weights(trainer, dtype) if machine.sharded(training) else None
    if trainer.is_world_process_zero():
        model = trainer.accelerator.unwrap_model(trainer.model)
        whole = merge(model, training, base, adapter=checkpoints / "adapter", dtype=machine.weights(training))
        save_whole(whole.to(dtype), tokenizer, out, weights=weights, extra={SUMMARY: summary}, base=base, done_with=[checkpoints])
    return summary


def _gathered_weights(trainer: Any, dtype: Any) -> dict[str, Any]:
    """All weights of a sharded model, tied ones once; every process must call this."""
    tied = set(trainer.accelerator.unwrap_model(trainer.model).all_tied_weights_keys)
    found = trainer.accelerator.get_state_dict(trainer.model)
    return {name: value.to(dtype) for name, value in found.items() if name not in tied}


def _trainer_module(training: Training) -> ModuleType:
    return importlib.import_module(f"polyglot.training.{training.trainer}_trainer")


def _trainer(
    module: ModuleType,
    base: Path,
    examples: list[Example],
    training: Training,
    machine: Machine,
    *,
    tokenizer: Any,
    seed: int,
    checkpoints: Path,
) -> Any:
    """A trainer that uses the tokenized examples in the order given by the seed."""
    from datasets import Dataset

    batches = Batches.of(training, machine.processes)
    blanks = batches.blanks(len(examples))
    data = Dataset.from_list(examples + [blank(examples[0]["input_ids"][0])] * blanks)
    arguments = machine.arguments(training, batches, checkpoints=checkpoints, seed=seed)
    trainer = module.build(base, training, machine, tokenizer=tokenizer, data=data, arguments=arguments)
    if machine.processes > 1:
        order = SeededOrder(len(examples), blanks, seed=seed, epoch=lambda: int(trainer.state.epoch))
        trainer._get_train_sampler = lambda data=None: order
        _write_checkpoints_together(trainer)
    return trainer


def _write_checkpoints_together(trainer: Any) -> None:
    """Let the first process complete a checkpoint, and remove the previous one, only after every process has written its part.
    transformers does not wait, and a checkpoint that lacks a process's random state cannot be resumed."""
    from torch import distributed

    write = trainer._save_rng_state

    def write_and_wait(folder: str) -> None:
        write(folder)
        distributed.barrier()

    trainer._save_rng_state = write_and_wait


def owned(training: Training, machine: Machine, *, multimodal: bool = False) -> dict[str, Any]:
    """The settings that checkpoints depend on. Of a multimodal base, they hold the state of its language model only."""
    default = Training().model_dump()
    settings = {name: value for name, value in training.model_dump().items() if name in ALWAYS_OWNED or value != default[name]}
    apart = {"sharded": machine.sharded(training), "language_model_only": multimodal}
    return settings | {name: True for name, applies in apart.items() if applies}
