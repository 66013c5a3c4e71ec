"""Thoughts in a chat template: the variables that switch them, and the key of a turn that holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyglot.core.prompts import Message
from polyglot.models.tokenization import PLACEHOLDER, TokenizerError, assistant_tokens
from polyglot.registry.models import Thinking

SWITCHES = ("enable_thinking", "thinking")
"""Variables by which templates switch thoughts on and off (Qwen 3, GLM, Gemma 4; DeepSeek 3.1, Granite)."""
EFFORTS = ("reasoning_effort", "reasoning_strength", "thinking_effort")
"""Variables that say how much to think (gpt-oss, Qwen 3.8; Muse)."""
USUAL_EFFORTS = ("low", "medium", "high")
KEYS = ("reasoning_content", "thinking", "reasoning")
"""Keys of an assistant's turn from which templates take thoughts (Qwen 3, GLM, Nemotron; gpt-oss, LFM 2; others)."""
THOUGHTS = "\ue001"
"""Stands for thoughts, as `PLACEHOLDER` does for an answer."""
ASKED: list[Message] = [{"role": "user", "content": "a"}]


def template_variables(tokenizer: Any, thinking: Thinking, source: object) -> dict[str, Any]:
    """The variables of a chat template that say what a model's entry says of thinking: its `chat_template_kwargs`.

    A template ignores a variable that it does not read, so each is tried first.

    Raises:
        TokenizerError: if the template has no such switch, or does not take its value; names `source` and the remedy.
    """
    found: dict[str, Any] = {}
    if thinking.enabled is not None:
        found |= _read(tokenizer, SWITCHES, thinking.enabled, [not thinking.enabled], "enabled", source)
    if thinking.effort is not None:
        found |= _read(tokenizer, EFFORTS, thinking.effort, USUAL_EFFORTS, "effort", source)
    for name in thinking.chat_template_kwargs:
        if not re.search(rf"\b{re.escape(name)}\b", tokenizer.chat_template or ""):
            raise TokenizerError(
                f"{source}: the chat template has no variable '{name}' (thinking.chat_template_kwargs): leave it out"
            )
    return found | thinking.chat_template_kwargs


def _read(tokenizer: Any, names: Sequence[str], value: Any, others: Sequence[Any], key: str, source: object) -> dict[str, Any]:
    """The first of these variables whose value makes a difference to a prompt."""
    for name in names:
        texts = {repr(one): _prompt(tokenizer, {name: one}) for one in (value, *others)}
        if len({str(text) for text in texts.values()}) > 1:
            said = texts[repr(value)]
            if isinstance(said, Exception):
                raise TokenizerError(f"{source}: the chat template does not take thinking.{key} {value!r}: {said}")
            return {name: value}
    raise TokenizerError(
        f"{source}: the chat template has no switch for thinking.{key} (none of {', '.join(names)}): leave it out, or name the "
        "template's own variable in thinking.chat_template_kwargs"
    )


def _prompt(tokenizer: Any, variables: dict[str, Any]) -> str | Exception:
    try:
        return str(tokenizer.apply_chat_template(ASKED, tokenize=False, add_generation_prompt=True, **variables))
    except Exception as error:  # a template can raise anything
        return error


def prompt_end(tokenizer: Any, variables: dict[str, Any]) -> str:
    """What a chat template writes last before an answer; empty if it does not take a plain question."""
    found = _prompt(tokenizer, variables)
    return found if isinstance(found, str) else ""


def thoughts_key(tokenizer: Any) -> str | None:
    """The key of an assistant's turn whose text a chat template writes as thoughts: just as it is, once, before the answer.

    Returns:
        None if the template writes no thoughts.
    """
    for key in KEYS:
        answered = [*ASKED, {"role": "assistant", "content": PLACEHOLDER, key: THOUGHTS}]
        try:
            text = tokenizer.apply_chat_template(answered, tokenize=False)
        except Exception:  # a template can raise anything
            continue
        if text.count(THOUGHTS) == text.count(PLACEHOLDER) == 1 and text.index(THOUGHTS) < text.index(PLACEHOLDER):
            return key
    return None


def needs_thoughts_key(tokenizer: Any, folder: Path, *, name: str = "", marks: bool) -> str:
    """The key of `thoughts_key`.

    Args:
        name: the base's, for the message.
        marks: whether the template must mark thoughts and answer as the assistant's, because the loss covers them alone.

    Raises:
        TokenizerError: if there is none, or thoughts or answer are not marked.
    """
    key = thoughts_key(tokenizer)
    base = f"the base {name} ({folder})" if name else str(folder)
    remedy = (
        "name a file of config/chat_templates that does, such as qwen3_with_thinking.jinja for ChatML, as its `chat_template` in "
        "config/models.yaml, or set training.thoughts to 'drop'"
    )
    if key is None:
        raise TokenizerError(f"training.thoughts is 'keep', and the chat template of {base} writes no thoughts: {remedy}")
    if marks:
        answered: Any = [*ASKED, {"role": "assistant", "content": PLACEHOLDER, key: THOUGHTS}]
        ids, marked = assistant_tokens(tokenizer, answered, folder)
        written = tokenizer.decode([token for token, counts in zip(ids, marked, strict=True) if counts])
        if THOUGHTS not in written or PLACEHOLDER not in written:
            raise TokenizerError(
                f"training.thoughts is 'keep', and the chat template of {base} does not mark thoughts and answer with "
                f"{{% generation %}}: {remedy}"
            )
    return key
