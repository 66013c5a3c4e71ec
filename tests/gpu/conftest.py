"""Models for a GPU: the nano one of all tests, a small one of half a billion random parameters (or the folder that
POLYGLOT_GPU_MODEL names), and one with the vocabulary and width of Gemma 3 4B.

Where there is no GPU, POLYGLOT_GPU_TINY=1 runs the tests marked `tiny` on the CPU, with small shapes: to try them before a GPU.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.devices import visible_gpus
from polyglot.nano.gold import gold_pairs
from polyglot.nano.world import World

TINY = "POLYGLOT_GPU_TINY" in os.environ


def gpus() -> int:
    """How many there are."""
    return visible_gpus()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tiny: runs on the CPU too, where POLYGLOT_GPU_TINY is set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    missing = pytest.mark.skip(reason="no CUDA")
    for item in here:
        item.add_marker(pytest.mark.gpu)
        if not gpus() and not (TINY and item.get_closest_marker("tiny")):
            item.add_marker(missing)


@pytest.fixture(scope="session")
def pairs(world: World) -> pd.DataFrame:
    return gold_pairs(world, ["de", "id"], examples=256, seed=0)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory, wide_nano_model: Path) -> Path:
    if "POLYGLOT_GPU_MODEL" in os.environ:
        return Path(os.environ["POLYGLOT_GPU_MODEL"])
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("models") / "small"
    wide = {"hidden_size": 1536, "intermediate_size": 6144, "num_attention_heads": 12, "num_key_value_heads": 4, "head_dim": 128}
    layers = {"num_hidden_layers": 14, "layer_types": ["full_attention"] * 14, "initializer_range": 0.02}
    config = AutoConfig.from_pretrained(wide_nano_model, **wide, **layers)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(wide_nano_model).save_pretrained(folder)
    return folder


@pytest.fixture(params=["nano", "small"])
def model(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue("wide_nano_model" if request.param == "nano" else "small_model")
    return found


@pytest.fixture(scope="session")
def wide_vocabulary(tmp_path_factory: pytest.TempPathFactory, wide_nano_model: Path) -> Path:
    """A causal model of 1.1 billion random parameters, most of them for Gemma 3's 262,208 tokens."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("models") / "wide-vocabulary"
    wide = {"hidden_size": 2560, "intermediate_size": 10240, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256}
    layers = {"num_hidden_layers": 6, "layer_types": ["full_attention"] * 6, "initializer_range": 0.02}
    shapes = {"vocab_size": 2048} if TINY else {"vocab_size": 262_208, **wide, **layers}
    config = AutoConfig.from_pretrained(wide_nano_model, max_position_embeddings=32_768, **shapes)
    torch.manual_seed(0)
    with torch.device("cuda" if gpus() else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(wide_nano_model).save_pretrained(folder)
    return folder
