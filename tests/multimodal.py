"""Tiny multimodal bases: real architectures with random weights round a tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ARCHITECTURES = ("gemma3", "qwen2_5_vl", "qwen3_vl", "mistral3", "llama4", "llava")
TEXT = {
    **{"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2},
    **{"head_dim": 32, "max_position_embeddings": 512, "initializer_range": 0.2, "pad_token_id": 0, "eos_token_id": 2},
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_heads": 2,
    "depth": 1,
}
OWN: dict[str, dict[str, Any]] = {
    "gemma3": {"text": {"sliding_window": 64}, "vision": {"image_size": 56, "patch_size": 14}, "top": {"mm_tokens_per_image": 4}},
    "qwen2_5_vl": {
        "text": {"rope_parameters": {"rope_type": "default", "mrope_section": [4, 6, 6], "rope_theta": 1e4}},
        "vision": {"out_hidden_size": 64, "fullatt_block_indexes": [0]},
    },
    "qwen3_vl": {
        "text": {"rope_parameters": {"rope_type": "default", "mrope_section": [4, 6, 6], "rope_theta": 1e4}},
        "vision": {"out_hidden_size": 64, "deepstack_visual_indexes": [0], "num_position_embeddings": 16},
    },
    "mistral3": {"text": {"model_type": "mistral"}, "vision": {"model_type": "pixtral", "image_size": 56, "patch_size": 14}},
    "llama4": {
        "text": {"intermediate_size_mlp": 128, "num_local_experts": 2, "num_experts_per_tok": 1, "moe_layers": [1]},
        "vision": {
            "image_size": 56,
            "patch_size": 14,
            "vision_output_dim": 32,
            "projector_input_dim": 32,
            "projector_output_dim": 32,
        },
    },
    "llava": {"text": {"model_type": "llama"}, "vision": {"model_type": "clip_vision_model", "image_size": 56, "patch_size": 14}},
}
IMAGES = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
PROCESSOR = {
    "image_processor_type": "Gemma3ImageProcessor",
    "processor_class": "Gemma3Processor",
    "size": {"height": 56, "width": 56},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "image_seq_length": 4,
}


def multimodal_base(name: str, tokenizer_of: Path, folder: Path) -> Path:
    """A base of one of the architectures, with the tokenizer of another model."""
    import torch
    import transformers
    from transformers import AutoConfig, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tokenizer_of)
    tokenizer.add_special_tokens({"additional_special_tokens": list(IMAGES.values())})
    tokenizer.init_kwargs["extra_special_tokens"] = IMAGES
    tokenizer.save_pretrained(folder)
    begin, end, soft = tokenizer.convert_tokens_to_ids(list(IMAGES.values()))
    own, text = OWN[name], {**TEXT, "vocab_size": len(tokenizer)}
    images = {"boi_token_index": begin, "eoi_token_index": end, "image_token_index": soft, "image_token_id": soft}
    config = AutoConfig.for_model(
        name, text_config={**text, **own["text"]}, vision_config={**VISION, **own["vision"]}, **images, **own.get("top", {})
    )
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    torch.manual_seed(0)
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING[type(config)](config).save_pretrained(folder)
    assert transformers.AutoConfig.from_pretrained(folder).model_type == name
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    (folder / "processor_config.json").write_text(json.dumps({"image_seq_length": 4, "processor_class": "Gemma3Processor"}))
    return folder
