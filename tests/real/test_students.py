"""Students of real bases: trained, saved, loaded again, asked, measured; and what judges and displays make of their tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.intrinsic.perplexity import PerplexityMeter
from polyglot.intrinsic.reward import RewardModel
from polyglot.registry.models import Sampling
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

Find = Callable[[str], Path]
BASES = {
    "gemma-pt": ("gemma3", "<end_of_turn>", 106, "<start_of_turn>user\nWas ist 2+2?<end_of_turn>\n<start_of_turn>model\n"),
    "llama-base": ("llama3", "<|eot_id|>", 128009, "Was ist 2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"),
    "qwen-base": ("chatml", "<|im_end|>", 151645, "<|im_start|>user\nWas ist 2+2?<|im_end|>\n<|im_start|>assistant\n"),
    "olmo-base": ("chatml", "<|im_end|>", 100266, "<|im_start|>user\nWas ist 2+2?<|im_end|>\n<|im_start|>assistant\n"),
}
"""Base to its template, the end of a turn, the token's id, and how a prompt ends."""


def weights(folder: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of a model's weights by name."""
    from safetensors import safe_open

    found: dict[str, tuple[int, ...]] = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            found |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    return found


def said(folder: Path, name: str, key: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8")).get(key)


@pytest.mark.slow
@pytest.mark.parametrize("name", BASES)
def test_a_student_learns_its_familys_turn_and_says_so_in_every_file(
    name: str, real_model: Find, repository: Path, pairs: pd.DataFrame, tmp_path: Path
) -> None:
    template, end, token, prompt = BASES[name]
    file, base = repository / f"config/chat_templates/{template}.jinja", real_model(name)
    training = Training(precision="mixed", learning_rate=1e-3, epochs=1, batch_size=2, max_length=512)
    student = tmp_path / "student"
    found = fine_tune(base, pairs, student, training, seed=0, checkpoints=tmp_path / "checkpoints", chat_template=file)
    assert found["steps"] == 2
    language = {key for key in weights(base) if "vision" not in key and "projector" not in key}
    assert {key.split("layers.")[-1] for key in language} <= {key.split("layers.")[-1] for key in weights(student)}
    assert said(student, "tokenizer_config.json", "eos_token") == end
    ends = said(student, "generation_config.json", "eos_token_id")
    assert token in (ends if isinstance(ends, list) else [ends])
    engine = TransformersEngine(student, Sampling(temperature=0.0, max_new_tokens=4), context=512)
    assert token in engine.ends
    asked = [Request(str(row), [{"role": "user", "content": text}], 0) for row, text in enumerate(pairs["prompt"])]
    together, alone = engine.chat(asked), [engine.chat([one])[0] for one in asked]
    assert [one.text for one in together] == [one.text for one in alone]
    meter = PerplexityMeter(student, chat_template=True, batch_size=2)
    ids, start = meter.encode(*map(str, pairs.iloc[0]))
    assert meter.tokenizer.decode(ids[:start]).endswith(prompt)
    assert ids[-1] == token
    batched = meter.measure(list(pairs["prompt"]), list(pairs["response"]))
    meter.batch_size = 1
    single = meter.measure(list(pairs["prompt"]), list(pairs["response"]))
    assert np.allclose(batched["nll"], single["nll"], rtol=1e-4)
    assert batched["tokens"].tolist() == single["tokens"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gemma-it", "cohere2", "granite", "gptoss", "deepseek", "phi"])
def test_a_teacher_answers_from_its_own_template_alone_as_in_a_batch(name: str, real_model: Find, pairs: pd.DataFrame) -> None:
    engine = TransformersEngine(real_model(name), Sampling(temperature=0.0, max_new_tokens=4), context=2048)
    asked = [Request(str(row), [{"role": "user", "content": text}], 0) for row, text in enumerate(pairs["prompt"][:2])]
    together, alone = engine.chat(asked), [engine.chat([one])[0] for one in asked]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.prompt_tokens for one in together] == [one.prompt_tokens for one in alone]
    assert all(one.completion_tokens for one in together)
    assert all("<|" not in one.text and "<end_of_turn>" not in one.text for one in together)


@pytest.mark.slow
def test_a_reward_model_scores_alone_as_in_a_batch_whatever_its_padding(real_model: Find, pairs: pd.DataFrame) -> None:
    folder, scores = real_model("reward"), []
    for size in (1, 4):
        model = RewardModel(folder, batch_size=size, scale=(0.0, 1.0))
        scores.append(model.score(list(pairs["prompt"]), list(pairs["response"])))
        text = model.tokenizer.apply_chat_template([{"role": "user", "content": "a"}], tokenize=False)
        assert model.tokenizer(text, add_special_tokens=False)["input_ids"].count(128000) == 1
    assert np.allclose(scores[0], scores[1], atol=1e-4)
    assert np.isfinite(scores[0]).all()
