"""The device of a training run, and the settings that depend on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.devices import first_gpu_only, visible_gpus
from polyglot.training.batches import Batches
from polyglot.training.checkpoints import KEPT
from polyglot.training.settings import Training


@dataclass(frozen=True)
class Machine:
    """The GPU or CPU of this process, which trains alone or as one of several."""

    gpu: bool
    processes: int

    @classmethod
    def here(cls) -> Machine:
        """The device of this process. A single process uses only the first visible GPU."""
        processes = int(os.environ.get("WORLD_SIZE", "1"))
        return cls(first_gpu_only() if processes == 1 else visible_gpus() > 0, processes)

    def weights(self, training: Training) -> Any:
        """The torch type of the weights during training."""
        import torch

        half = training.precision == "bfloat16" or (training.precision == "auto" and self.gpu)
        return torch.bfloat16 if half else torch.float32

    def saved_weights(self, training: Training) -> Any:
        """The torch type of the saved student: that of training, but bfloat16 after mixed-precision training on a GPU, because a
        GPU loads it in bfloat16."""
        import torch

        return torch.bfloat16 if self.gpu and training.precision == "mixed" else self.weights(training)

    def checkpointing(self, training: Training) -> bool:
        """Whether activations are recomputed in the backward pass (gradient checkpointing)."""
        return self.gpu if training.gradient_checkpointing is None else training.gradient_checkpointing

    def sharded(self, training: Training) -> bool:
        """Whether weights, gradients and optimiser states are sharded over the GPUs (FSDP) rather than replicated (DDP)."""
        return self.gpu and self.processes > 1 and (training.trainer, training.tuning) == ("trl", "full")

    def arguments(self, training: Training, batches: Batches, *, checkpoints: Path, seed: int) -> dict[str, Any]:
        """Arguments of `trl.SFTConfig` for every trainer; examples are already tokenized."""
        half = self.weights(training).itemsize == 2
        found = {
            "output_dir": str(checkpoints),
            "num_train_epochs": training.epochs,
            "learning_rate": training.learning_rate,
            "per_device_train_batch_size": batches.per_device,
            "gradient_accumulation_steps": batches.accumulation,
            "weight_decay": training.weight_decay,
            "lr_scheduler_type": "linear",
            "warmup_steps": training.warmup_steps,
            "optim": "adamw_torch_fused" if self.gpu else "adamw_torch",
            "max_length": training.max_length,
            "dataset_kwargs": {"skip_prepare_dataset": True},
            "use_cpu": not self.gpu,
            "bf16": training.precision == "mixed" or (half and not self.sharded(training)),
            "gradient_checkpointing": self.checkpointing(training) and not self.sharded(training),
            "save_steps": training.checkpoint_steps,
            "save_total_limit": KEPT,
            "logging_steps": 10,
            "report_to": "none",
            "seed": seed,
            "disable_tqdm": True,
        }
        if self.processes > 1:
            found |= {"ddp_backend": "nccl" if self.gpu else "gloo", "ddp_find_unused_parameters": False}
        if self.sharded(training):
            found |= {"fsdp": True, "fsdp_config": self._sharding(training)}
            found["accelerator_config"] = {"gradient_accumulation_kwargs": {"sync_each_batch": True}}
        return found

    def _sharding(self, training: Training) -> dict[str, Any]:
        """Gradients are summed over the GPUs after every batch: between batches each keeps its share in the precision of the
        weights. Otherwise each would keep the whole model's gradient in that of the arithmetic."""
        os.environ["ACCELERATE_USE_FSDP"] = "true"  # used when the model is loaded: only rank 0 reads the weights
        if training.offload:
            os.environ["FSDP_OFFLOAD_PARAMS"] = "true"  # accelerate then opens a backend for main memory too
        return {
            "version": 2,
            "cpu_offload": training.offload,
            "state_dict_type": "SHARDED_STATE_DICT",
            "cpu_ram_efficient_loading": True,
            "activation_checkpointing": self.checkpointing(training),
        }
