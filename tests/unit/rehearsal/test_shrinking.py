"""Configurations of real models become small and stay of their kind."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from polyglot.core.files import read_json, write_json
from polyglot.rehearsal.shrinking import ShrinkingError, fingerprint, missing_files, shrink, small_config

LLAMA_70B: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_attention_heads": 64,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "vocab_size": 600,
    "eos_token_id": [128001, 128008, 128009],
}
KINDS: dict[str, dict[str, Any]] = {
    "llama": LLAMA_70B,
    "llama-embedding": LLAMA_70B | {"architectures": ["LlamaBidirectionalModel"], "model_type": "llama_bidirec"},
    "qwen": LLAMA_70B | {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 128},
    "olmo": LLAMA_70B
    | {
        "architectures": ["Olmo3ForCausalLM"],
        "model_type": "olmo3",
        "num_key_value_heads": 64,
        "layer_types": ["sliding_attention"] * 3 + ["full_attention"],
        "num_hidden_layers": 4,
    },
    "gemma": {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "mm_tokens_per_image": 256,
        "text_config": {
            "model_type": "gemma3_text",
            "hidden_size": 5376,
            "intermediate_size": 21504,
            "num_attention_heads": 32,
            "num_key_value_heads": 16,
            "head_dim": 128,
            "num_hidden_layers": 62,
            "query_pre_attn_scalar": 168,
            "vocab_size": 600,
        },
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 1152,
            "image_size": 896,
            "intermediate_size": 4304,
            "num_attention_heads": 16,
            "num_hidden_layers": 27,
            "patch_size": 14,
        },
    },
    "granite": LLAMA_70B
    | {
        "architectures": ["GraniteMoeHybridForCausalLM"],
        "model_type": "granitemoehybrid",
        "num_hidden_layers": 4,
        "layer_types": ["mamba", "attention", "mamba", "attention"],
        "num_local_experts": 0,
        "num_experts_per_tok": 0,
        "shared_intermediate_size": 8192,
        "mamba_n_heads": 256,
        "mamba_d_head": 64,
        "mamba_d_state": 128,
        "mamba_expand": 2,
        "position_embedding_type": "rope",
    },
    "nllb": {
        "architectures": ["M2M100ForConditionalGeneration"],
        "model_type": "m2m_100",
        "d_model": 1024,
        "encoder_layers": 12,
        "decoder_layers": 12,
        "num_hidden_layers": 12,
        "encoder_attention_heads": 16,
        "decoder_attention_heads": 16,
        "encoder_ffn_dim": 4096,
        "decoder_ffn_dim": 4096,
        "vocab_size": 600,
    },
    "roberta": {
        "architectures": ["XLMRobertaForMaskedLM"],
        "model_type": "xlm-roberta",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_attention_heads": 16,
        "num_hidden_layers": 24,
        "vocab_size": 600,
    },
}


def test_a_small_llama_keeps_the_ratio_of_its_heads_and_all_else() -> None:
    small = small_config(LLAMA_70B)
    assert (small["num_attention_heads"], small["num_key_value_heads"], small["hidden_size"]) == (8, 1, 256)
    assert small["num_hidden_layers"] == 2
    assert {key: small[key] for key in ("vocab_size", "max_position_embeddings", "eos_token_id")} == {
        key: LLAMA_70B[key] for key in ("vocab_size", "max_position_embeddings", "eos_token_id")
    }


def test_a_small_model_has_a_layer_of_each_kind() -> None:
    assert small_config(KINDS["olmo"])["layer_types"] == ["sliding_attention", "full_attention"]
    assert small_config(KINDS["granite"])["layer_types"] == ["mamba", "attention"]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_shrunk_model_loads_and_keeps_its_tokenizer(name: str, nano_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    source, small = tmp_path / "source", tmp_path / "small"
    shutil.copytree(nano_model, source, ignore=shutil.ignore_patterns("*.safetensors"))
    write_json(KINDS[name], source / "config.json")
    assert missing_files(source) == []
    assert shrink(source, small, role="chat")
    assert not shrink(source, small, role="chat")
    (source / "chat_template.jinja").write_text("another", encoding="utf-8")
    assert shrink(source, small, role="chat")
    assert (small / "chat_template.jinja").read_text(encoding="utf-8") == "another"
    assert sum(path.stat().st_size for path in small.glob("*.safetensors")) < 30 * 2**20
    assert read_json(small / "config.json")["architectures"] == KINDS[name]["architectures"]
    assert AutoTokenizer.from_pretrained(small).get_vocab() == AutoTokenizer.from_pretrained(nano_model).get_vocab()
    if name != "llama-embedding":  # its configuration's code is in its repository
        assert AutoModel.from_pretrained(small).num_parameters() < 20e6


def test_sizes_of_a_family_are_alike_and_templates_are_not(nano_model: Path, tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    for folder, config in ((large, LLAMA_70B), (small, LLAMA_70B | {"hidden_size": 4096, "intermediate_size": 14336})):
        shutil.copytree(nano_model, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        write_json(config, folder / "config.json")
    assert fingerprint(large, None) == fingerprint(small, None)
    assert fingerprint(large, None) != fingerprint(large, "chatml.jinja")


def test_what_cannot_be_shrunk_is_named(nano_model: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(nano_model, source)
    write_json(LLAMA_70B | {"architectures": ["Unheard"]}, source / "config.json")
    with pytest.raises(ShrinkingError, match=r"source: no small model .* transformers has no class Unheard"):
        shrink(source, tmp_path / "small", role="chat")
    (source / "tokenizer.json").unlink()
    assert missing_files(source) == ["the tokenizer's files"]
