"""The transformers engine when a batch does not fit in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.registry.models import Sampling


def test_answers_are_the_same_when_their_batch_is_halved(
    nano_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also drawn ones: each request has its own seed."""
    engine = TransformersEngine(nano_model, Sampling(temperature=1.0, max_new_tokens=8))
    asked = [Request(str(place), [{"role": "user", "content": "Was? " * place}], seed=place) for place in range(1, 9)]
    whole, generate, sizes = engine.chat(asked), engine.model.generate, []

    def limited(input_ids: torch.Tensor, **given: Any) -> Any:
        sizes.append(len(input_ids))
        if len(input_ids) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return generate(input_ids=input_ids, **given)

    monkeypatch.setattr(engine.model, "generate", limited)
    assert engine.chat(asked) == engine.chat(asked) == whole
    assert sizes == [8, 4, 4, 4, 4]
    assert "a batch of 8 does not fit in memory, so it is halved: 4" in capsys.readouterr().err
