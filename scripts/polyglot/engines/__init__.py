"""Engines: one small interface to whatever answers chat requests, and to what embeds texts.

A file an engine, and `spending` for what endpoints were paid. Imports core, registry and models; no engine is imported at this
door, because vllm must be imported before transformers and is missing from most environments. What is asked belongs in synthesis,
intrinsic or routing.
"""

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
        study: the configuration, of which `study` and `synthesis.budget` are read: whose spending it is, and its ceiling.
    """
    if model.engine == "openai":
        from polyglot.engines.openai_engine import OpenAIEngine
        from polyglot.engines.spending import Spending

        assert model.endpoint is not None  # the registry sees to it
        spending = Spending(Path("results") / study["study"] / "ledger", name, model.price, study["synthesis"]["budget"])
        return OpenAIEngine(model.endpoint, model.sampling, spending)
    assert folder is not None
    if model.engine == "vllm":
        from polyglot.engines.vllm_engine import VLLMEngine

        return VLLMEngine(folder, model, chat_template)
    from polyglot.engines.transformers_engine import TransformersEngine

    return TransformersEngine(folder, model.sampling, context=model.context, chat_template=chat_template)
