"""Fine-tuning with trl: on the CPU, on a GPU, or on several of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyglot.training.lora import check_targets, quantisation
from polyglot.training.machine import Machine
from polyglot.training.settings import Training


def make_ready() -> None:
    """Nothing to prepare before transformers is imported."""


def build(base: Path, training: Training, machine: Machine, *, tokenizer: Any, data: Any, arguments: dict[str, Any]) -> Any:
    """A trainer of the base on encoded examples.

    Args:
        data: a `datasets.Dataset` with the columns of `polyglot.training.examples.Example`.
        arguments: those of `trl.SFTConfig`.
    """
    from trl import SFTConfig, SFTTrainer

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
            target_modules=lora.target_modules,
            task_type="CAUSAL_LM",
        )
        check_targets(base, lora)
    settings = SFTConfig(**arguments, model_init_kwargs=options)
    return SFTTrainer(model=str(base), args=settings, train_dataset=data, processing_class=tokenizer, **adapters)
