"""Shared by all tests: the repository, the micro-world, and a nano model with random weights."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})

import pytest
from hypothesis import settings

from polyglot.core.garbage import collect_rarely
from polyglot.nano.world import World

collect_rarely()
settings.register_profile("polyglot", deadline=None, derandomize=True)
settings.load_profile("polyglot")

REPOSITORY = Path(__file__).resolve().parent.parent
collect_ignore = [name for name in ("vllm", "unsloth") if importlib.util.find_spec(name) is None]
"""Their tests run in environments of their own: make test-vllm, make test-unsloth."""
if "POLYGLOT_SLURM" not in os.environ:  # set by tests/slurm/cluster.sh: make test-slurm
    collect_ignore.append("slurm")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def qlora_path() -> str:
    """A PYTHONPATH with the library and with bitsandbytes, which `make setup` keeps apart (requirements-qlora.lock)."""
    return os.pathsep.join([str(REPOSITORY / "scripts"), str(Path(sys.prefix) / "qlora")])


@pytest.fixture(scope="session")
def world() -> World:
    return World(REPOSITORY / "config/nano_world", ["en", "de", "id", "ar"])


@pytest.fixture(scope="session")
def nano_model(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """A folder with a nano model of random weights and a tokenizer trained on the micro-world."""
    return _random_model(tmp_path_factory.mktemp("models") / "random", world, hidden=32)


@pytest.fixture(scope="session")
def wide_nano_model(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """The same, wide enough for 4-bit weights."""
    return _random_model(tmp_path_factory.mktemp("models") / "wide", world, hidden=64)


@pytest.fixture(scope="session")
def real_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model of a family (tests.real.families), made at the first call; a test skips where it cannot be made."""
    from tests.real import families

    made: dict[str, Path] = {}

    def find(name: str) -> Path:
        why = families.unavailable(name)
        if why is not None:
            pytest.skip(why)
        if name not in made:
            made[name] = families.make(name, tmp_path_factory.mktemp("real") / name)
        return made[name]

    return find


def _random_model(folder: Path, world: World, *, hidden: int) -> Path:
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from polyglot.nano.pretraining import train_tokenizer

    texts = [text for lang in world.languages for item in world.items[::40] for text in _texts(world, item, lang)]
    template = (REPOSITORY / "config/chat_templates/chatml.jinja").read_text(encoding="utf-8")
    tokenizer = train_tokenizer(texts, template, vocabulary=600)
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=hidden // 2,
            intermediate_size=2 * hidden,
            max_position_embeddings=512,
            initializer_range=0.2,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _texts(world: World, item: object, lang: str) -> tuple[str, str]:
    pair = world.pair(item, lang)  # type: ignore[arg-type]
    return pair.prompt, pair.response
