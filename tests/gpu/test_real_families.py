"""On a GPU: real tokenizers, templates and architectures train, answer, and draw again what they drew."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.intrinsic.perplexity import PerplexityMeter
from polyglot.registry.models import Sampling
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

Find = Callable[[str], Path]
TEMPLATES = {"gemma-pt": "gemma3", "llama-base": "llama3", "qwen-base": "chatml", "olmo-base": "chatml"}


@pytest.mark.parametrize("name", ["gemma-pt", pytest.param("llama-base", marks=pytest.mark.tiny), "qwen-base", "olmo-base"])
def test_a_base_of_a_real_family_trains_in_mixed_precision_with_accumulation(
    name: str, real_model: Find, repository: Path, tmp_path: Path
) -> None:
    pairs = pd.DataFrame({"prompt": [f"Nenne {row}." for row in range(8)], "response": ["Vier. Rot. 日本語。" * 3] * 8})
    training = Training(precision="mixed", batch_size=2, gradient_accumulation=2, epochs=3, learning_rate=1e-2, max_length=512)
    template = repository / f"config/chat_templates/{TEMPLATES[name]}.jinja"
    start = time.monotonic()
    found = fine_tune(
        real_model(name), pairs, tmp_path / "student", training, seed=0, checkpoints=tmp_path / "c", chat_template=template
    )
    assert found["steps"] == 6
    meters = [
        PerplexityMeter(folder, chat_template=True, batch_size=4, template=template)
        for folder in (real_model(name), tmp_path / "student")
    ]
    before, after = [meter.measure(list(pairs["prompt"]), list(pairs["response"]))["nll"].sum() for meter in meters]
    assert after < 0.9 * before
    print(f"\n{name}: {found['steps']} updates in {time.monotonic() - start:.0f} s, loss {before / after:.1f} times lower")


@pytest.mark.parametrize("name", ["gemma-it", "llama-it", "granite", "gptoss", "deepseek"])
def test_a_teacher_of_a_real_family_draws_again_what_it_drew(name: str, real_model: Find) -> None:
    engine = TransformersEngine(real_model(name), Sampling(temperature=1.0, max_new_tokens=4), context=2048)
    asked = [Request(str(row), [{"role": "user", "content": "Nenne " + "x " * row}], row) for row in range(4)]
    first, again = engine.chat(asked), engine.chat(asked)
    assert [answer.text for answer in first] == [answer.text for answer in again]
    assert np.isfinite([answer.completion_tokens for answer in first]).all()
