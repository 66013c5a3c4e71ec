"""Checks what a study asks of its models and ceilings against what they can do: own files, prices, contexts, sizes of recipes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from polyglot.registry import Registries
from polyglot.synthesis.recipes import blocks_needed, parse_recipe
from polyglot.workflow.inputs.models import ModelInputs

if TYPE_CHECKING:
    from polyglot.study.configuration import Study

MOST_BLOCKS = 1000
"""Most blocks of requests of a recipe: each is a job for every teacher, method, language and seed."""


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """What cannot be, one sentence each: key, value and remedy. Names that are not known are another check's."""
    yield from _own_files(study, registries)
    yield from _prices(study, registries)
    yield from _contexts(study, registries)
    yield from _blocks(study)


def _own_files(study: Study, registries: Registries) -> Iterable[str]:
    """Models that must have files of their own here, and are behind an endpoint."""
    models = registries.models
    references = [models[base].reference for base in study.bases if base in models]
    embeds = {study.intrinsic.embedding, study.encoder}
    needed = [
        *(("bases", base, "fine-tuned") for base in study.bases),
        *((f"`reference` of a base in {models.source}", name, "evaluated") for name in references if name is not None),
        *(("intrinsic.embedding", name, "asked for embeddings") for name in sorted(embeds)),
        ("translation.model", study.translation.model, "run"),
    ]
    if study.intrinsic.reward.kind == "reward_model":
        needed.append(("intrinsic.reward.model", study.intrinsic.reward.model, "run"))
    for key, name, use in dict.fromkeys(needed):
        if name in models and models[name].endpoint is not None:
            yield (
                f"{key}: '{name}' is behind an endpoint ({models.file_of(name)}), and what is {use} here needs files of its own: "
                "name a model with `hub` or `folder`"
            )


def _prices(study: Study, registries: Registries) -> Iterable[str]:
    """Endpoints whose answers would not count for the ceiling."""
    if study.synthesis.budget is None:
        return
    models, inputs = registries.models, ModelInputs(study, registries)
    for name in dict.fromkeys([*inputs.writers, inputs.judge]):
        if name in models and models[name].endpoint is not None and models[name].price is None:
            yield (
                f"synthesis.budget: '{name}' has no `price` in {models.file_of(name)}, so the ceiling could not be reached; "
                "add `price: {prompt: USD, completion: USD}` per million tokens, with 0 for a server that costs nothing"
            )


def _contexts(study: Study, registries: Registries) -> Iterable[str]:
    """Contexts that are shorter than what is to fit."""
    models, inputs = registries.models, ModelInputs(study, registries)
    for base in (name for name in study.bases if name in models):
        context = context_of(base, study, registries)
        if context is not None and study.training.max_length > context:
            yield (
                f"training.max_length: {study.training.max_length:,} tokens, and the base '{base}' has a context of {context:,} "
                f"({models.file_of(base)}); lower it to {context} or less"
            )
    for name in (name for name in inputs.writers if name in models):
        context, longest = context_of(name, study, registries), models[name].sampling.max_new_tokens
        if context is not None and longest >= context:
            yield (
                f"{models.file_of(name)}: entry '{name}': sampling.max_new_tokens is {longest:,}, and the context {context:,} "
                "tokens, which leaves no room for a prompt; lower the one, or raise `context`"
            )


def context_of(name: str, study: Study, registries: Registries) -> int | None:
    """A model's context in tokens, as its entry says, or the model that it starts from, or its own files; None if unknown by
    now."""
    model = registries.models[name]
    while model.gold_tuning is not None and model.context is None:
        model = registries.models[model.gold_tuning.start]
    if model.context is not None:
        return model.context
    if model.pretraining is not None:
        return model.pretraining.max_length
    folder = model.folder or (f"{study.hub}/models/{name}" if model.hub else None)
    return None if folder is None else _stated(Path(folder) / "config.json")


def _stated(file: Path) -> int | None:
    """The context that a model's configuration states. One that cannot be read is told where the model is checked."""
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        found = {**settings, **settings.get("text_config", {})}.get("max_position_embeddings")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, int) and found > 0 else None


def _blocks(study: Study) -> Iterable[str]:
    """Recipes that would take more jobs than can be."""
    for name in study.recipes:
        recipe = parse_recipe(name, study.methods)
        blocks = blocks_needed(recipe, study.synthesis.blocks)
        if blocks > MOST_BLOCKS:
            yield (
                f"recipe '{name}': {blocks:,} blocks of {study.synthesis.requests:,} requests for each method, of "
                f"{MOST_BLOCKS:,} that can be; lower its size, or raise synthesis.requests"
            )
