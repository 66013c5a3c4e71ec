"""CPU checks of a model's folder before a job gets a GPU: they use its tokenizer and configuration, not its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.errors import MissingFile
from polyglot.core.files import read_json
from polyglot.core.prompts import Message
from polyglot.models.context import ContextError, too_long
from polyglot.models.thinking import needs_thoughts_key, template_variables
from polyglot.models.tokenization import TokenizerError, assistant_tokens, load_tokenizer, needs_chat_template, tokenizer_facts
from polyglot.registry.models import Model

CONFIG = "config.json"
BATCH = 512
"""Requests rendered and counted per batch."""


def model_context(folder: Path) -> int | None:
    """A model's context in tokens, from its own configuration; None if not given there.

    Raises:
        FileNotFoundError: if the folder holds no configuration.
    """
    found = _settings(folder).get("max_position_embeddings")
    return int(found) if found else None


def check_context(name: str, model: Model, folder: Path) -> int | None:
    """The limit for prompt and answer together, in tokens: the registry's, else the model's own.

    Raises:
        FileNotFoundError: if the folder holds no configuration.
        ContextError: if the registry's context exceeds the model's, including its position scaling.
    """
    own, settings = model_context(folder), _settings(folder)
    if model.context is None or own is None:
        return model.context or own
    scaling = settings.get("rope_scaling") or settings.get("rope_parameters") or {}
    most = max(int(own * max(1.0, scaling.get("factor") or 1.0)), settings.get("model_max_length") or 0)
    if model.context > most:
        raise ContextError(
            f"{name}: `context` in config/models.yaml is {model.context:,} tokens, and the model has {most:,} "
            f"({folder / CONFIG}): lower it"
        )
    return model.context


def _settings(folder: Path) -> dict[str, Any]:
    """A model's own configuration; its text section has priority."""
    if not (Path(folder) / CONFIG).exists():
        raise MissingFile(f"{folder}: no {CONFIG}: not a model in transformers format, or not fully downloaded")
    config = read_json(Path(folder) / CONFIG)
    return {**config, **config.get("text_config", {})}


def check_requests(
    name: str, model: Model, folder: Path, requests: Mapping[str, pd.DataFrame], chat_template: Path | None = None
) -> dict[str, Any]:
    """Render every request as the engine will, and count its tokens.

    Args:
        requests: file to its rows, with the columns request_id, method and messages.

    Returns:
        model, context, max_new_tokens, facts of the tokenizer, and by method: requests, tokens, and the longest in tokens.

    Raises:
        FileNotFoundError: if the folder holds no configuration.
        TokenizerError: if it holds no tokenizer, or its chat template is missing or rejects these chats. ContextError: if a
        prompt leaves no room for the longest answer, or the registry's context is longer than the model's.
    """
    context = check_context(name, model, folder)
    tokenizer = load_tokenizer(folder, chat_template)
    needs_chat_template(tokenizer, folder)
    variables = template_variables(tokenizer, model.thinking, f"{name} ({chat_template or folder})")
    room, methods = model.sampling.max_new_tokens, {}
    for file, rows in requests.items():
        chats = [[dict(turn) for turn in messages] for messages in rows["messages"]]
        lengths = _lengths(tokenizer, chats, chat_template or folder, variables)
        if context is not None and (lengths + room > context).any():
            row = int(np.argmax(lengths))
            raise too_long(name, rows["request_id"].iloc[row], int(lengths[row]), context, room=room, file=file)
        methods[str(rows["method"].iloc[0])] = {
            "requests": len(rows),
            "tokens": int(lengths.sum()),
            "longest": int(lengths.max()),
        }
    facts = tokenizer_facts(tokenizer, folder)
    return {"model": name, "context": context, "max_new_tokens": room, "facts": facts, "methods": methods}


def check_chats(
    name: str,
    model: Model,
    folder: Path,
    chats: Mapping[str, Sequence[Message]],
    *,
    room: int = 0,
    needed: bool = True,
    chat_template: Path | None = None,
) -> dict[str, Any]:
    """Whether a model accepts the kinds of chat that it will get, before their texts are known.

    Args:
        chats: one chat of each kind, with minimal texts.
        room: the longest answer in tokens.
        needed: whether it must have a chat template; a model without one is prompted with plain text.

    Returns:
        model, context, max_new_tokens, facts of the tokenizer, and the tokens of each kind of chat.

    Raises:
        FileNotFoundError: if the folder holds no configuration.
        TokenizerError: if it holds no tokenizer, or its chat template is missing or rejects these chats. ContextError: if even
        minimal texts leave no room for an answer, or the registry's context is longer than the model's.
    """
    context = check_context(name, model, folder)
    tokenizer = load_tokenizer(folder, chat_template)
    if needed:
        needs_chat_template(tokenizer, folder)
    variables = template_variables(tokenizer, model.thinking, f"{name} ({chat_template or folder})") if needed else {}
    lengths: dict[str, int] = {}
    for kind, turns in chats.items() if tokenizer.chat_template is not None else ():
        lengths[kind] = int(_lengths(tokenizer, [list(turns)], chat_template or folder, variables)[0])
        if context is not None and lengths[kind] + room > context:
            raise ContextError(
                f"{name}: {kind} takes {lengths[kind]:,} tokens with one-letter texts, plus {room:,} for the answer; the "
                f"context is {context:,}: choose a model with a longer one, or set fewer shots or a shorter answer"
            )
    facts = tokenizer_facts(tokenizer, folder)
    return {"model": name, "context": context, "max_new_tokens": room, "facts": facts, "chats": lengths}


def _lengths(tokenizer: Any, chats: list[list[Message]], source: Path, variables: Mapping[str, Any]) -> Any:
    """Tokens of each chat, shape (n,)."""
    found: list[int] = []
    for start in range(0, len(chats), BATCH):
        chunk = chats[start : start + BATCH]
        try:
            texts = tokenizer.apply_chat_template(chunk, add_generation_prompt=True, tokenize=False, **variables)
        except Exception as error:  # a template can raise anything
            roles = ", ".join(turn["role"] for turn in chunk[0])
            raise TokenizerError(
                f"{source}: the chat template rejects turns of the roles {roles} ({type(error).__name__}: {error}): name "
                "one that does as `chat_template` of the model in config/models.yaml"
            ) from None
        found += [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
    return np.array(found)


def check_base(
    name: str, folder: Path, *, max_length: int, marks: bool, thoughts: bool = False, chat_template: Path | None = None
) -> dict[str, Any]:
    """Whether a base can be fine-tuned, judging by its tokenizer and configuration.

    Args:
        max_length: longest training example in tokens.
        marks: whether the chat template must mark the response, because the loss covers only its tokens.
        thoughts: whether it must write a teacher's thoughts, because students are trained on them.

    Returns:
        model, context, max_length, facts of the tokenizer.

    Raises:
        FileNotFoundError: if the folder holds no configuration.
        TokenizerError: if it holds no tokenizer, or its chat template is missing, marks no response or writes no thoughts.
        ContextError: if training examples may be longer than its context.
    """
    context = model_context(folder)
    tokenizer = load_tokenizer(folder, chat_template)
    needs_chat_template(tokenizer, folder, marks=marks)
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    if marks and not any(assistant_tokens(tokenizer, turns, chat_template or folder)[1]):
        raise TokenizerError(f"{chat_template or folder}: the chat template marks no token of the response")
    if thoughts:
        needs_thoughts_key(tokenizer, folder, name=name, marks=marks)
    if context is not None and max_length > context:
        raise ContextError(f"{name}: training.max_length is {max_length:,} tokens, the base's context {context:,}: lower it")
    return {"model": name, "context": context, "max_length": max_length, "facts": tokenizer_facts(tokenizer, folder)}
