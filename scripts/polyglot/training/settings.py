"""Settings of fine-tuning: `training` of a study."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from polyglot.core.section import Section


class Lora(Section):
    """Low-rank adapters, trained by `tuning: lora` and `qlora` instead of the weights."""

    rank: int = Field(default=16, gt=0, description="Rank of the adapters.")
    alpha: float = Field(default=32, gt=0, description="Their scale: the product of the adapters is multiplied by alpha / rank.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout before the adapters.")
    target_modules: list[str] = Field(
        default=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        min_length=1,
        description="Names of the base's linear layers that get an adapter.",
    )


class Training(Section):
    """Supervised fine-tuning of the students."""

    @property
    def checked(self) -> dict[str, Any]:
        """Those of `recorded` that a base is checked for."""
        return {name: value for name, value in self.recorded.items() if name in ("max_length", "loss", "thoughts")}

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings that jobs and records depend on. What is newer than they may be counts only where it is set."""
        unset = {name for name in ("thoughts", "warmup_steps") if getattr(self, name) == type(self).model_fields[name].default}
        return self.model_dump(mode="json", exclude=unset)

    trainer: Literal["trl", "unsloth"] = Field(
        default="trl",
        description="`trl` trains anywhere and shards a large base over several GPUs; `unsloth` is faster and saves memory on a "
        "GPU (separate environment, partly under the AGPL).",
    )
    tuning: Literal["full", "lora", "qlora"] = Field(
        default="full",
        description="What is trained: all weights (`full`), or low-rank adapters on the base's weights (`lora`) or on their "
        "4-bit quantisation (`qlora`), which are merged into the base's weights: the student is always a full model.",
    )
    lora: Lora = Field(default=Lora(), description="Adapters, for `lora` and `qlora`.")
    precision: Literal["auto", "float32", "bfloat16", "mixed"] = Field(
        default="auto",
        description="Precision of weights, optimiser and saved student. `mixed`: float32 with bfloat16 arithmetic, and a GPU "
        "saves the student in bfloat16; `auto`: bfloat16 on a GPU, float32 on a CPU.",
    )
    gradient_checkpointing: bool | None = Field(
        default=None,
        description="Recompute activations in the backward pass: less memory, more time; null: only on a GPU.",
    )
    offload: bool = Field(
        default=False,
        description="Where several GPUs train a base in full, keep weights, gradients and optimiser in main memory (16 bytes per "
        "parameter in float32). Slower; a base with `training_offload` always does.",
    )
    examples: int = Field(default=600, gt=0, description="Training examples per student, over all methods.")
    epochs: float = Field(default=2, gt=0, description="Passes over the training set.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    warmup_steps: int = Field(default=0, ge=0, description="Updates in which the learning rate rises to its peak.")
    batch_size: int = Field(default=16, gt=0, description="Examples per step; the upper limit for each GPU.")
    gradient_accumulation: int = Field(
        default=1,
        gt=0,
        description="Steps per weight update. Several GPUs (`training_gpus` of a base) divide the batch_size x "
        "gradient_accumulation examples of an update; their number must divide it.",
    )
    weight_decay: float = Field(default=0.001, ge=0, description="AdamW weight decay.")
    max_length: int = Field(default=512, gt=0, description="Longest training example in tokens; longer ones are truncated.")
    loss: Literal["response", "responses", "all"] = Field(
        default="response",
        description="Tokens that count in the loss: the `response`; the `responses` of all turns of a conversation "
        "(`seed_dataset.turns`); or `all` tokens.",
    )
    thoughts: Literal["drop", "keep"] = Field(
        default="drop",
        description="What becomes of thoughts that a teacher wrote before its response: `keep` trains students on them too, as "
        "the base's chat template writes them. Thoughts about writing an example (`generate`, `translate`, `back-translation`) "
        "are always dropped.",
    )
    checkpoint_steps: int = Field(default=25, gt=0, description="Steps between checkpoints, from which a killed job resumes.")
