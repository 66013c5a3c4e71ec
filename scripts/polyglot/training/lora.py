"""Low-rank adapters: their target layers, 4-bit bases, and merging them into a full model."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.training.language_model import adapter_targets, skeleton, weights_of
from polyglot.training.settings import Lora, Training


def checked_targets(base: Path, lora: Lora) -> list[str] | str:
    """`target_modules` of peft: the layers that get an adapter, all in the base's language model. Each must be there; otherwise a
    misspelt one would silently stay untrained.

    Raises:
        ValueError: names the unknown modules and the available linear layers.
    """
    import torch

    model = skeleton(base)
    found = [*model.get_decoder().named_modules(), ("lm_head", model.get_output_embeddings())]
    layers = {name.rpartition(".")[2] for name, module in found if isinstance(module, torch.nn.Linear)}
    unknown = [name for name in lora.target_modules if name not in layers]
    if unknown:
        known = ", ".join(sorted(layers))
        raise WrongInput(f"training.lora.target_modules: {base} has no layer {', '.join(unknown)}; it has {known}")
    return adapter_targets(model, lora.target_modules)


def quantisation(dtype: Any) -> Any:
    """The 4-bit quantisation of QLoRA (Dettmers et al. 2023): NF4 with double quantisation, arithmetic in `dtype`.

    Raises:
        ModuleNotFoundError: if bitsandbytes is not installed; says where to find it.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModuleNotFoundError(
            "training.tuning: qlora needs the package bitsandbytes. The environment of fine-tuning has it (--sdm conda, "
            "envs/trl.yaml); `make setup` keeps it in .venv/qlora, to be put on PYTHONPATH"
        )
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def merge(model: Any, training: Training, base: Path, *, adapter: Path, dtype: Any) -> Any:
    """The full model: as trained, or with its adapters merged.

    Adapters of a 4-bit base are merged into the unquantised weights.

    Args:
        adapter: temporary folder for the adapters of a 4-bit base.
        dtype: type of the unquantised weights of a 4-bit base.
    """
    if training.tuning == "full":
        return model
    if training.tuning == "lora":
        return model.merge_and_unload(safe_merge=True)
    from peft import PeftModel

    model.save_pretrained(adapter)
    whole = weights_of(base, dtype=dtype)
    return PeftModel.from_pretrained(whole, adapter).merge_and_unload(safe_merge=True)
