"""Engines: one small interface to whatever answers chat requests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyglot.engines.base import Engine
from polyglot.registry.models import Model


def open_engine(
    name: str, model: Model, folder: Path | None, study: Mapping[str, Any], chat_template: Path | None = None
) -> Engine:
    """Start a model's engine.

    Args:
        name: the model's id.
        folder: the model's files; None for a model behind an endpoint.
        chat_template: a template in place of the tokenizer's own.
        study: the configuration, of which `study` and `synthesis.budget` are read: the ledger of endpoints and its ceiling.
    """
    if model.engine == "openai":
        from polyglot.engines.openai_engine import OpenAIEngine
        from polyglot.engines.spending import Ledger

        assert model.endpoint is not None  # the registry sees to it
        ledger = Ledger(Path("results") / study["study"] / "ledger", name, model.price, study["synthesis"]["budget"])
        return OpenAIEngine(model.endpoint, model.sampling, ledger)
    assert folder is not None
    if model.engine == "vllm":
        from polyglot.engines.vllm_engine import VLLMEngine

        return VLLMEngine(folder, model, chat_template)
    from polyglot.engines.transformers_engine import TransformersEngine

    return TransformersEngine(folder, model.sampling, context=model.context, chat_template=chat_template)
