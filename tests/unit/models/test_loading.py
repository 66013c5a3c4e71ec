"""A model that answers, scores or rates lies on the GPUs that its job asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import infer_auto_device_map
from accelerate.utils import get_balanced_memory
from transformers import AutoConfig, AutoModelForCausalLM

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.evaluation.likelihood import log_likelihoods
from polyglot.evaluation.prompts import Options
from polyglot.intrinsic.perplexity import PerplexityMeter
from polyglot.models.loading import load_language_model, load_model
from polyglot.registry.models import Sampling
from tests.multimodal import ARCHITECTURES, multimodal_base

MEMORY = 80 * 2**30


class Kind:
    """Notes what it is asked to load, and loads it on the CPU."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def from_pretrained(self, folder: Path, **options: Any) -> Any:
        self.asked = dict(options)
        placed = options.pop("device_map", None)
        options.pop("max_memory", None)
        model = AutoModelForCausalLM.from_pretrained(folder, **options)
        model.to = lambda device: model
        model.hf_device_map = {"": 0, "lm_head": 1} if placed else {}
        return model


@pytest.mark.parametrize(
    ("asked", "there", "over"), [(0, 0, 0), (2, 0, 0), (0, 1, 1), (1, 8, 1), (2, 8, 2), (2, 2, 2), (4, 2, 2), (2, 1, 1)]
)
def test_a_model_is_spread_over_as_many_gpus_as_are_asked_for_and_there(
    nano_model: Path, monkeypatch: pytest.MonkeyPatch, asked: int, there: int, over: int
) -> None:
    monkeypatch.setattr("polyglot.models.loading.visible_gpus", lambda: there)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (MEMORY, MEMORY))
    kind = Kind()
    model = load_model(kind, nano_model, gpus=asked)
    assert not model.training
    assert kind.asked["dtype"] == (torch.bfloat16 if there else torch.float32)
    assert kind.asked.get("device_map") == ("balanced" if over > 1 else None)
    assert kind.asked.get("max_memory") == (dict.fromkeys(range(over), MEMORY) if over > 1 else None)


def test_32_billion_parameters_fit_on_two_gpus_and_not_on_half_of_one(nano_model: Path) -> None:
    """What accelerate makes of it, from the shapes of the weights alone."""
    wide = {"hidden_size": 5120, "intermediate_size": 27648, "num_attention_heads": 40, "num_key_value_heads": 8}
    layers = {"num_hidden_layers": 64, "layer_types": ["full_attention"] * 64, "head_dim": 128, "vocab_size": 100_000}
    config = AutoConfig.from_pretrained(nano_model, **wide, **layers)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    assert sum(weight.numel() for weight in model.parameters()) == pytest.approx(32e9, rel=0.05)
    whole = model._no_split_modules
    memory = get_balanced_memory(model, {0: MEMORY, 1: MEMORY}, no_split_module_classes=whole, dtype=torch.bfloat16)
    places = infer_auto_device_map(model, memory, no_split_module_classes=whole, dtype=torch.bfloat16)
    layers_on = [[name for name, place in places.items() if place == gpu and "layers." in name] for gpu in (0, 1)]
    assert set(places.values()) == {0, 1}
    assert abs(len(layers_on[0]) - len(layers_on[1])) <= 4


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_multimodal_model_answers_is_scored_and_evaluated_as_its_language_model(
    name: str, nano_model: Path, tmp_path: Path
) -> None:
    """As students of Gemma 3, Qwen-VL, Mistral 3, Llama 4 and LLaVA are: the numbers are those of the whole model's logits."""
    base = multimodal_base(name, nano_model, tmp_path / name)
    request = Request("a", [{"role": "user", "content": "Was ist das?"}], seed=1)
    answer = TransformersEngine(base, Sampling(temperature=0, max_new_tokens=8)).chat([request])[0]
    assert answer.completion_tokens > 0
    meter = PerplexityMeter(base, chat_template=False, batch_size=2)
    ids, start = meter.encode("Was?", "Drei Sterne")
    model = load_language_model(base)
    logits = model(input_ids=torch.tensor([ids])).logits[0].float().log_softmax(-1)
    each = logits[range(start - 1, len(ids) - 1), ids[start:]]
    assert meter.measure(["Was?"], ["Drei Sterne"])["nll"][0] == pytest.approx(-each.sum().item(), rel=1e-4)
    found = log_likelihoods(model, [Options(tuple(ids[:start]), (tuple(ids[start:]),))], tokens=512, pad=0)
    assert found[0][0] == pytest.approx(each.sum().item(), rel=1e-4)
