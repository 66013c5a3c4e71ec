"""Models for a GPU: the nano one of all tests, and a small one of half a billion random parameters (or the folder that
POLYGLOT_GPU_MODEL names)."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pandas as pd
import pytest

from polyglot.nano.gold import gold_pairs
from polyglot.nano.world import World


def gpus() -> int:
    """How many there are."""
    if importlib.util.find_spec("torch") is None:
        return 0
    import torch

    return torch.cuda.device_count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    missing = pytest.mark.skip(reason="no CUDA")
    for item in here:
        item.add_marker(pytest.mark.gpu)
        if not gpus():
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
