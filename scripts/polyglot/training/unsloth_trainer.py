"""Fine-tuning with unsloth: faster and with less memory on a GPU; on the CPU for tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from polyglot.core.devices import visible_gpus
from polyglot.training.language_model import freeze_the_rest
from polyglot.training.lora import checked_targets
from polyglot.training.machine import Machine
from polyglot.training.settings import Training

COMPILED = tempfile.TemporaryDirectory(prefix="unsloth-")
"""Where unsloth writes generated code; its default is the working directory, which jobs share."""


def make_ready() -> None:
    """Import unsloth, which patches transformers and trl and so must come before them."""
    os.environ["UNSLOTH_DISABLE_STATISTICS"] = "1"
    if not visible_gpus():
        os.environ["UNSLOTH_FORCE_CPU"] = "1"
    os.environ["UNSLOTH_COMPILE_LOCATION"] = COMPILED.name
    import unsloth  # noqa: F401


def build(base: Path, training: Training, machine: Machine, *, tokenizer: Any, data: Any, arguments: dict[str, Any]) -> Any:
    """As `polyglot.training.trl_trainer.build`.

    Raises:
        RuntimeError: if the base cannot be quantised here; unsloth would silently continue unquantised.
    """
    from trl import SFTConfig, SFTTrainer
    from unsloth import FastLanguageModel

    checkpointing = "unsloth" if machine.checkpointing(training) else False
    options: dict[str, Any] = {"dtype": machine.weights(training)}
    if training.precision == "mixed" and machine.gpu:
        import torch

        options = {"dtype": torch.bfloat16, "float32_mixed_precision": True}
    if training.tuning != "full":
        checked_targets(base, training.lora)  # before minutes of loading
    model, _ = FastLanguageModel.from_pretrained(
        model_name=str(base),
        max_seq_length=training.max_length,
        load_in_4bit=training.tuning == "qlora",
        full_finetuning=training.tuning == "full",
        use_gradient_checkpointing=checkpointing,
        local_files_only=True,
        **options,
    )
    if training.tuning == "qlora" and not getattr(model, "is_loaded_in_4bit", False):
        raise RuntimeError(f"{base}: bitsandbytes cannot hold it in 4 bits on this machine; set training.tuning to 'lora'")
    if training.tuning == "full":
        freeze_the_rest(model)
    else:
        lora = training.lora
        model = FastLanguageModel.get_peft_model(
            model,
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora.target_modules,  # unsloth keeps adapters out of towers itself
            use_gradient_checkpointing=checkpointing,
            random_state=arguments["seed"],
        )
    return SFTTrainer(model=model, args=SFTConfig(**arguments), train_dataset=data, processing_class=tokenizer)
