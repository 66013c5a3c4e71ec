"""Engines answer chat requests and embed texts: one file each, and the lookup `ENGINES`.

`base.py` defines requests, answers and engines; `spending.py` tracks what endpoints cost. Imports core, registry and models. This
file imports no torch, vllm or API client: each engine's file does so when it is started (vllm must be imported before
transformers, and most environments lack it). The requests themselves come from synthesis, intrinsic and routing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from polyglot.core.lookup import Lookup
from polyglot.engines.base import Deferred, Engine, EngineKind, Start
from polyglot.engines.manners import PRESETS, Untold, no_batches, taken_for_thinking, thinking_fields
from polyglot.registry.base import Registry
from polyglot.registry.models import Model

ENGINES: Lookup[EngineKind] = Lookup(
    "engine",
    {
        "transformers": EngineKind(
            "polyglot.engines.transformers_engine:start",
            environment="transformers",
            embedder="polyglot.engines.embedding:SentenceTransformersEmbedder",
            embedding_environment="embedding",
            tunes_encoders=True,
            reproducible=True,
        ),
        "vllm": EngineKind(
            "polyglot.engines.vllm_start:start",
            environment="vllm",
            embedder="polyglot.engines.vllm_start:embedder",
            shared=True,
        ),
        "openai": EngineKind("polyglot.engines.openai_start:start", environment="openai", network=True),
    },
    kind=EngineKind,
)
"""Every engine by name."""


def open_engine(
    name: str, model: Model, folder: Path | None, study: Mapping[str, Any], chat_template: Path | None = None
) -> Engine:
    """Start a model's engine (see `Start` for the arguments)."""
    return ENGINES[model.engine].started(Start(name, model, folder, study, chat_template))


def engine_when_needed(
    name: str, model: Model, folder: Path | None, study: Mapping[str, Any], chat_template: Path | None = None
) -> Engine:
    """The same engine, started when it is first used (see `Deferred`)."""
    return cast("Engine", Deferred(lambda: open_engine(name, model, folder, study, chat_template)))


def behind_network(model: Model) -> bool:
    """Whether a model's engine gets its answers over a network, so that its jobs need no GPU."""
    return ENGINES[model.engine].network


def environment_of(model: Model, *, embeds: bool = False) -> str:
    """The locked environment (envs/locked/NAME.yaml) in which a model's engine answers, or embeds."""
    kind = ENGINES[model.engine]
    return kind.embedding_environment or kind.environment if embeds else kind.environment


def engine_problems(models: Registry[Model], used: Container[str]) -> Iterator[str]:
    """Problems with the engines of a registry's models: an unknown engine, or an endpoint that does not fit the engine.

    Args:
        used: models of the study. Other models may use an engine from a plugin that the study does not name.
    """
    networked = [name for name, kind in ENGINES.items() if kind.network]
    for name, model in models.items():
        where = f"{models.file_of(name)}: entry '{name}'"
        if model.engine not in ENGINES:
            if name in used:
                yield f"{where}, key 'engine': {ENGINES.unknown(model.engine)}"
        elif behind_network(model) and model.endpoint is None:
            yield f"{where}: the engine '{model.engine}' works over a network and needs an `endpoint`"
        elif model.endpoint is not None and not behind_network(model):
            known = ", ".join(networked)
            yield f"{where}: an `endpoint` needs an engine that works over a network ({known}); '{model.engine}' does not"
        elif model.endpoint is not None and model.endpoint.preset is not None and model.endpoint.preset not in PRESETS:
            yield f"{where}, key 'endpoint.preset': {PRESETS.unknown(model.endpoint.preset)}"
        elif (untold := _untold(model)) is not None:
            yield f"{where}, key '{untold.partition(':')[0]}':{untold.partition(':')[2]}"
        elif model.endpoint is not None and model.batched and (why := no_batches(model.endpoint)) is not None:
            yield f"{where}, key 'endpoint.batch': {why}; remove it"
        elif model.role == "embedding" and not ENGINES[model.engine].embeds:
            known = ", ".join(other for other, kind in ENGINES.items() if kind.embeds)
            yield f"{where}: the engine '{model.engine}' cannot embed texts; these can: {known}"


def _untold(model: Model) -> str | None:
    """What a model's entry says of thinking and its engine cannot do, as `KEY: remedy`."""
    thinking, parsed = model.thinking, model.engine_options.get("reasoning_config")
    if thinking.parser is not None and model.engine != "vllm":
        return f"thinking.parser: the engine '{model.engine}' has no reasoning parsers (vllm has): leave it out"
    if thinking.budget is not None and model.engine == "vllm" and thinking.parser is None and parsed is None:
        return "thinking.budget: vllm needs the family's reasoning parser for it: name it as `thinking.parser`"
    if model.endpoint is None or not behind_network(model):
        return None
    try:
        thinking_fields(thinking, taken_for_thinking(model.endpoint))
    except Untold as error:
        return str(error)
    return None
