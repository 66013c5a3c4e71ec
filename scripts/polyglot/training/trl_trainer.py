"""Fine-tuning with trl: on the CPU, on a GPU, or on several of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.training.language_model import freeze_the_rest, layer_classes, skeleton
from polyglot.training.lora import checked_targets, quantisation
from polyglot.training.machine import Machine
from polyglot.training.settings import Training


def make_ready() -> None:
    """Nothing to prepare before transformers is imported."""


def build(base: Path, training: Training, machine: Machine, *, tokenizer: Any, data: Any, arguments: dict[str, Any]) -> Any:
    """A trainer of the base on encoded examples.

    Raises:
        ValueError: if trl cannot train a base of this architecture.

    Args:
        data: a `datasets.Dataset` with the columns of `polyglot.training.examples.Example`.
        arguments: those of `trl.SFTConfig`.
    """
    from trl import SFTConfig, SFTTrainer

    _check_head(base)
    options: dict[str, Any] = {"dtype": machine.weights(training), "local_files_only": True}
    adapters: dict[str, Any] = {}
    if training.tuning == "qlora":
        options["quantization_config"] = quantisation(machine.weights(training))
    if training.tuning != "full":
        from peft import LoraConfig

        lora = training.lora
        adapters["peft_config"] = LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=checked_targets(base, lora),
            task_type="CAUSAL_LM",
        )
    settings = SFTConfig(**arguments, model_init_kwargs=options)
    trainer = SFTTrainer(model=str(base), args=settings, train_dataset=data, processing_class=tokenizer, **adapters)
    if training.tuning == "full":
        freeze_the_rest(trainer.model)
    if machine.sharded(training):
        _shard(trainer, training)
    return trainer


def _check_head(base: Path) -> None:
    """trl 1.16 runs a model without its head by `base_model`, which Llama 4 with its image encoder does not have."""
    model = skeleton(base)
    if model.base_model is model:
        raise WrongInput(
            f"{base}: trl cannot train a {type(model).__name__}: it finds no part without the head; choose another base, or "
            "training.trainer: unsloth"
        )


def _shard(trainer: Any, training: Training) -> None:
    """Settings of FSDP that `SFTConfig` cannot hold: the layers to shard by, and with mixed precision the sum of the GPUs'
    gradients in float32."""
    import torch
    from torch.distributed.fsdp import MixedPrecisionPolicy

    sharding = trainer.accelerator.state.fsdp_plugin
    sharding.transformer_cls_names_to_wrap = layer_classes(trainer.model)
    if training.precision == "mixed":
        half = torch.bfloat16
        sharding.mixed_precision_policy = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32, output_dtype=half)
