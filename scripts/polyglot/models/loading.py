"""Loading a model's weights to answer, score or rate with: on the CPU in float32, on GPUs in bfloat16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyglot.core.devices import visible_gpus


def load_language_model(folder: Path, *, gpus: int = 1) -> Any:
    """A model that reads and writes text, as `load_model` loads it. Of a multimodal one, transformers' class for images and text
    is taken where it has none for text alone (Qwen-VL, Mistral 3, LLaVA)."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto import modeling_auto as known

    kind = type(AutoConfig.from_pretrained(folder, local_files_only=True))
    multimodal = kind not in known.MODEL_FOR_CAUSAL_LM_MAPPING and kind in known.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    return load_model(AutoModelForImageTextToText if multimodal else AutoModelForCausalLM, folder, gpus=gpus)


def load_model(kind: Any, folder: Path, *, gpus: int = 1, **options: Any) -> Any:
    """A model from a local folder, spread over the GPUs that its job asks for, layer by layer (accelerate's `balanced`).

    Inputs go to `model.device`, and that is where outputs come back.

    Args:
        kind: one of transformers' classes, such as AutoModelForSequenceClassification.
        gpus: how many are asked for (the registry's `gpus`). A GPU that is there is used also if none was asked for.
        options: further arguments of `from_pretrained`; with `output_loading_info` the answer is what that returns.

    Raises:
        ValueError: if the model does not fit on the GPUs.
    """
    import torch

    there = visible_gpus()
    over = min(max(gpus, 1), there)
    if 0 < there < gpus:
        print(f"{folder}: {gpus} GPUs are asked for, and this process may use {there}")
    options |= {"dtype": torch.bfloat16 if there else torch.float32, "local_files_only": True}
    if over > 1:
        free = {number: torch.cuda.mem_get_info(number)[0] for number in range(over)}
        options |= {"device_map": "balanced", "max_memory": free}
    found: Any = kind.from_pretrained(folder, **options)
    model, *rest = found if isinstance(found, tuple) else (found,)
    if over > 1:
        print(f"{folder}: over {len(set(model.hf_device_map.values()))} GPUs")
    else:
        model = model.to("cuda" if there else "cpu")
    model.eval()
    return (model, *rest) if rest else model
