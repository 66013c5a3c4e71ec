"""Models in miniature: the configuration of the original with small layers, its tokenizer as it is, and random weights."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_json, write_json
from polyglot.core.hashing import content_id, file_hash
from polyglot.models.checks import CONFIG
from polyglot.models.tokenization import TOKENIZER_FILES

HEAD = 32
"""Width of an attention head: the smallest that all engines accept."""
LAYERS = 2
"""At most, but for architectures whose layers are of more kinds: one of each."""
EXPERTS = 4
WEIGHTS = (
    *("*.safetensors*", "*.bin", "*.bin.index.json", "*.pth", "*.pt", "*.gguf", "*.h5", "*.msgpack", "*.onnx"),
    *("original", "onnx", "openvino", ".cache", "consolidated*", "hub_source.json", CONFIG),
)
"""What of a model's folder is not copied."""
SMALL_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.py", "*.tiktoken", "*/config.json")
"""What is fetched from the hub: all but the weights."""
STAMP = "miniature_of.json"
"""In a shrunk folder: the hash of what it was made from."""
NARROW = ("intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "shared_intermediate_size")
DEPTHS = ("num_hidden_layers", "encoder_layers", "decoder_layers", "n_layer")
EXPERT_COUNTS = ("num_local_experts", "n_routed_experts", "num_experts", "n_group")
CHOSEN_EXPERTS = {"num_experts_per_tok": 2, "topk_group": 1}
RANKS = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "moe_intermediate_size")
SAME_WEIGHTS = {"LlamaBidirectionalModel": "LlamaModel"}
"""Classes whose code is in a repository, with the one of transformers that has the same weights."""


class ShrinkingError(WrongInput):
    """A model that cannot be shrunk; the message names it and the remedy."""


def missing_files(folder: Path) -> list[str]:
    """What a folder lacks to be shrunk: its configuration, or every kind of tokenizer file."""
    lacking = [] if (folder / CONFIG).is_file() else [CONFIG]
    return lacking + ([] if any((folder / name).is_file() for name in TOKENIZER_FILES) else ["the tokenizer's files"])


def fingerprint(folder: Path, chat_template: str | None) -> str:
    """What makes a model worth its own rehearsal: tokenizer, chat template, and architecture in miniature."""
    settings = ("tokenizer_config.json", "chat_template.jinja", "chat_template.json", "generation_config.json")
    files = [folder / name for name in (*TOKENIZER_FILES, *settings)]
    hashes = [file_hash(path) for path in files if path.is_file()]
    return content_id(str(chat_template), str(small_config(read_json(folder / CONFIG))), *hashes)


def small_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A model's configuration with small layers: the ratio of its query heads to key heads, its kinds of layers, and every other
    setting stay."""
    small = dict(config)
    for name, part in config.items():
        if isinstance(part, dict) and name.endswith("_config") and ("hidden_size" in part or "num_hidden_layers" in part):
            small[name] = small_config(part)
    heads = config.get("num_attention_heads") or config.get("encoder_attention_heads")
    if heads is None and "text_config" not in config:
        heads = 2
    if heads is not None:
        small |= _narrow(config, int(heads))
    kinds = config.get("layer_types") or config.get("layers_block_type")
    if kinds:
        chosen = list(dict.fromkeys(kinds)) or kinds[:1]
        chosen = (chosen + kinds[:1])[: max(LAYERS, len(chosen))]
        small |= {name: chosen for name in ("layer_types", "layers_block_type") if config.get(name)}
        small["num_hidden_layers"] = len(chosen)
    else:
        small |= {name: min(LAYERS, int(config[name])) for name in DEPTHS if config.get(name)}
    small |= {name: min(EXPERTS, int(config[name])) for name in EXPERT_COUNTS if config.get(name)}
    small |= {
        name: min(2 if name == "num_experts_per_tok" else 1, int(config[name])) for name in CHOSEN_EXPERTS if config.get(name)
    }
    small |= {"first_k_dense_replace": 1} if config.get("first_k_dense_replace") else {}
    return small


def _narrow(config: Mapping[str, Any], heads: int) -> dict[str, Any]:
    """The widths of a part of a model, from its numbers of heads."""
    keys = int(config.get("num_key_value_heads") or heads)
    ratio = max(1, heads // keys)
    few = 1 if ratio > LAYERS else 2
    queries = few * ratio
    width = queries * HEAD
    found: dict[str, Any] = {}
    for name in ("hidden_size", "d_model"):
        found |= {name: width} if name in config else {}
    for name in ("num_attention_heads", "encoder_attention_heads", "decoder_attention_heads"):
        found |= {name: queries} if name in config else {}
    found |= {"num_key_value_heads": few} if "num_key_value_heads" in config else {}
    found |= {"head_dim": HEAD} if config.get("head_dim") else {}
    found |= {"query_pre_attn_scalar": HEAD} if config.get("query_pre_attn_scalar") else {}
    found |= {name: 2 * width for name in NARROW if config.get(name)}
    found |= {name: HEAD for name in RANKS if config.get(name)}
    if config.get("mamba_n_heads"):
        inner = int(config.get("mamba_expand", 2)) * width
        found |= {"mamba_d_head": HEAD, "mamba_n_heads": inner // HEAD, "mamba_d_state": min(16, int(config["mamba_d_state"]))}
    return found


def shrink(source: Path, folder: Path, *, role: str) -> bool:
    """Make a model in miniature, unless it is there already.

    Args:
        source: the original's folder; weights are not read.
        role: the registry's role of the model.

    Returns:
        Whether it had to be made.

    Raises:
        ShrinkingError: if transformers cannot make a model of this configuration.
    """
    stamp = {"of": content_id(role, *_kept(source))}
    if (folder / STAMP).is_file() and read_json(folder / STAMP) == stamp:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*WEIGHTS))
    write_json(small_config(read_json(source / CONFIG)), folder / CONFIG)
    try:
        _write_weights(folder, role)
    except Exception as error:  # whatever a configuration makes transformers raise
        shutil.rmtree(folder, ignore_errors=True)
        raise ShrinkingError(f"{source}: no small model of its kind can be made ({type(error).__name__}: {error})") from error
    write_json(stamp, folder / STAMP)
    return True


def _kept(source: Path) -> list[str]:
    """Name and hash of every file that a small model has from the original, its configuration among them."""
    left_out = set(WEIGHTS) - {CONFIG}
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    parts = {path: path.relative_to(source).parts for path in files}
    chosen = [path for path in files if not any(fnmatch(part, one) for part in parts[path] for one in left_out)]
    return [f"{path.relative_to(source)} {file_hash(path)}" for path in chosen]


def _write_weights(folder: Path, role: str) -> None:
    """Random weights in bfloat16, of the class that the configuration names."""
    import torch
    import transformers

    config: Any = _configuration(folder)
    named = (config.architectures or [""])[0]
    kind = getattr(transformers, SAME_WEIGHTS.get(named, named), None)
    if kind is None:
        raise ShrinkingError(f"transformers has no class {named or '(none is named)'}")
    if role == "reward":
        config.num_labels = 1
    torch.manual_seed(0)
    model = kind(config).to(torch.bfloat16)
    own = read_json(folder / CONFIG)
    given = folder / "generation_config.json"
    generation = read_json(given) if given.is_file() else None
    model.save_pretrained(folder)
    if generation is not None:
        write_json(generation, given)
    write_json({**own, "dtype": "bfloat16"}, folder / CONFIG)


def _configuration(folder: Path) -> Any:
    from transformers import AutoConfig, LlamaConfig

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except ValueError:
        found = read_json(folder / CONFIG)
        if (found.get("architectures") or [""])[0] not in SAME_WEIGHTS:
            raise
        return LlamaConfig(**{key: value for key, value in found.items() if key not in ("model_type", "auto_map")})
