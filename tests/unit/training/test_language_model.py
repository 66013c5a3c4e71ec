"""Of a multimodal base the language model is trained, and nothing else; the student is a model of the same kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.nano.gold import gold_pairs
from polyglot.nano.world import World
from polyglot.training.language_model import layer_classes, skeleton
from polyglot.training.lora import checked_targets
from polyglot.training.settings import Lora, Training
from polyglot.training.students import fine_tune
from tests.multimodal import ARCHITECTURES, multimodal_base


@pytest.fixture(scope="module")
def pairs(world: World) -> pd.DataFrame:
    return gold_pairs(world, ["de"], examples=16, seed=0)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def of_the_tower(name: str) -> bool:
    return any(part in name for part in ("vision", "visual", "projector", "patch_merger", "connector"))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_adapters_and_shards_stay_in_what_a_model_has(name: str, nano_model: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    base = multimodal_base(name, nano_model, tmp_path / name)
    model = skeleton(base)
    present = {type(module).__name__ for module in model.modules()}
    assert set(layer_classes(model)) <= present
    assert any("DecoderLayer" in found for found in layer_classes(model))
    targets = checked_targets(base, Lora(target_modules=["q_proj", "v_proj"]))
    adapted = get_peft_model(model, LoraConfig(target_modules=targets, task_type="CAUSAL_LM"))
    found = [key for key, value in adapted.named_parameters() if value.requires_grad]
    assert len(found) == 2 * 2 * 2, found
    assert not [key for key in found if of_the_tower(key)]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "llama4"])  # trl 1.16 does not find its decoder
@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_the_language_model_is_trained_and_the_tower_kept(
    name: str, tuning: str, nano_model: Path, tmp_path: Path, pairs: pd.DataFrame
) -> None:
    base = multimodal_base(name, nano_model, tmp_path / name)
    training = Training.model_validate(
        {"tuning": tuning, "learning_rate": 1e-2, "epochs": 1, "batch_size": 4, "lora": {"target_modules": ["q_proj", "v_proj"]}}
    )
    fine_tune(base, pairs, tmp_path / "student", training, seed=0, checkpoints=tmp_path / "c")
    before, after = weights(base), weights(tmp_path / "student")
    assert before.keys() == after.keys()
    changed = {key for key in before if not before[key].equal(after[key])}
    assert changed
    assert not [key for key in changed if of_the_tower(key)]
    if tuning == "full":
        assert {key for key in before if not of_the_tower(key)} == changed
    assert (tmp_path / "student/preprocessor_config.json").read_text() == (base / "preprocessor_config.json").read_text()


def test_an_architecture_that_trl_cannot_train_is_named(nano_model: Path, tmp_path: Path, pairs: pd.DataFrame) -> None:
    base = multimodal_base("llama4", nano_model, tmp_path / "base")
    with pytest.raises(ValueError, match="trl cannot train a Llama4ForConditionalGeneration"):
        fine_tune(base, pairs, tmp_path / "student", Training(), seed=0, checkpoints=tmp_path / "c")
