"""The language model inside a base: all of a text model, a part of a multimodal one.

Gemma 3 (4B to 27B), Qwen-VL, Mistral 3, Llama 4 and others put towers for images or sound beside their language model. Training
on texts never runs them, so they would get no gradient. They are frozen and saved as they were: the student keeps the base's
architecture.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

PROCESSOR_FILES = (
    *("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json"),
    *("image_processor_config.json", "feature_extractor_config.json"),
)
"""How a multimodal model reads its images and sounds; vLLM needs them beside the weights."""


def skeleton(base: Path) -> Any:
    """A base as it is trained, without memory for its weights."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(base, local_files_only=True)
    with torch.device("meta"):
        return _trained_class(config)._from_config(config)


def weights_of(base: Path, *, dtype: Any) -> Any:
    """A base with its weights, of the class that is trained."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(base, local_files_only=True)
    return _trained_class(config).from_pretrained(base, dtype=dtype, local_files_only=True)


def _trained_class(config: Any) -> Any:
    """The class that trl makes of a configuration: the one it names."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    named = getattr(transformers, (config.architectures or [""])[0], None)
    return named or MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]


def language_parameters(model: Any) -> set[int]:
    """Identities of the parameters of a model's decoder and head, as transformers names them (`get_decoder`,
    `get_output_embeddings`)."""
    head = model.get_output_embeddings()
    parts = [model.get_decoder(), *([head] if head is not None else [])]
    return {id(parameter) for part in parts for parameter in part.parameters()}


def is_multimodal(model: Any) -> bool:
    """Whether a model has parameters that texts never pass."""
    own = language_parameters(model)
    return any(id(parameter) not in own for parameter in model.parameters())


def freeze_the_rest(model: Any) -> None:
    """Exclude from training whatever is not the language model."""
    own = language_parameters(model)
    for parameter in model.parameters():
        if id(parameter) not in own:
            parameter.requires_grad_(False)


def layer_classes(model: Any) -> list[str]:
    """Classes of the layers that are sharded one by one. transformers also lists some that a model does not have, such as the
    text side of an image encoder; accelerate cannot shard by these."""
    present = {type(module).__name__ for module in model.modules()}
    return sorted(present & set(model._no_split_modules or ()))


def adapter_targets(model: Any, names: list[str]) -> list[str] | str:
    """`target_modules` of peft: the names, or for a multimodal model a pattern that finds them in the language model only."""
    if not is_multimodal(model):
        return names
    decoder = model.get_decoder()
    place = next(name for name, module in model.named_modules() if module is decoder)
    return rf"(?:.*\.)?{re.escape(place)}\.(?:.*\.)?(?:{'|'.join(map(re.escape, names))})"


def copy_processor(base: Path, student: Path) -> None:
    """Copy the settings of image and sound processors from a base's folder to a student's; a text model has none."""
    for name in PROCESSOR_FILES:
        if (Path(base) / name).exists():
            shutil.copyfile(Path(base) / name, Path(student) / name)
