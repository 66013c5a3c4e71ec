"""What an endpoint takes: as the registry states it, as its service is known, or as found out from what it rejects.

What was found out is kept with the study, so that each job does not find it out again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from polyglot.core.conversations import folded
from polyglot.core.files import atomic
from polyglot.core.lookup import Lookup
from polyglot.engines.base import Request
from polyglot.engines.error_words import is_about_content
from polyglot.registry.models import Endpoint, Manners, Sampling, Thinking, ThinkingField

STRUCTURES = ("json_schema", "json_object", "words")
UNTAKEN = re.compile(
    r"un(?:supported|recogni[sz]ed|known|available|expected)|not (?:supported|available|permitted|allowed|recogni[sz]ed|valid)"
    r"|n[o']t support|extra (?:inputs|fields)|cannot (?:both )?be|may not|only (?:the default|one of|supports?)|deprecated"
    r"|not (?:take|accept|exist|enabled|implemented)|not (?:be )?(?:used|set|specified)|must (?:be|alternate)|should be|invalid"
    r"|remove",
    re.IGNORECASE,
)
TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size)|too (?:large|long|many)|maximum.{0,20}(?:length|tokens)", re.IGNORECASE
)
OF_A_VALUE = re.compile(
    r"above (?:the )?maximum|below (?:the )?minimum|(?:valid|supported|allowed) range|range of .{1,30} (?:is|should|must)"
    r"|between \W?\d|<=|>=|\d [<>] \d|(?:less|greater) than or equal|at (?:most|least) \W?\d|but got \W?\d",
    re.IGNORECASE,
)
"""Words of an error about a value: the field is taken."""
FULL = Manners(
    limit="max_tokens",
    sampling=["temperature", "top_p", "top_k"],
    seed="seed",
    system=True,
    structure="json_schema",
    thinking=[],
)
"""What is tried first."""
SYSTEM = re.compile(
    r"system|developer (?:instruction|message|role)|roles? must alternate|'user' or 'assistant'|user/assistant", re.IGNORECASE
)
"""Words by which a server or a chat template rejects a system turn."""
STRUCTURE = re.compile(r"response_format|json_schema|json_object|structured|guided|grammar|requested parameters", re.IGNORECASE)
"""Words of an error about how structure is asked for."""


FIELDS = frozenset(
    ("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "seed", "random_seed", "response_format", "messages")
)
"""Fields that a rejection may name."""


def is_about_form(said: str) -> bool:
    """Whether an error without a usual status is about a request's form (HTTP 500 of a chat template, 501, OpenRouter's 404)."""
    return bool(STRUCTURE.search(said)) or bool(SYSTEM.search(said) and UNTAKEN.search(said))


def _is_about_a_value(said: str) -> bool:
    """Whether an error is about a text that is too long, or a value out of its range: another form does not help."""
    return bool(TOO_LONG.search(said)) or (bool(OF_A_VALUE.search(said)) and not STRUCTURE.search(said))


def stated(thinking: list[ThinkingField], **others: Any) -> Manners:
    """The manners of a service: what is tried first, with these differences."""
    return FULL.model_copy(update={"thinking": thinking, **others})


EFFORT: list[ThinkingField] = ["reasoning_effort"]

PRESETS: Lookup[Manners] = Lookup(
    "preset",
    {
        # platform.openai.com, chat completions: reasoning models take neither sampling nor max_tokens
        "openai": stated([], limit="max_completion_tokens", sampling=["temperature", "top_p"]),
        "openai-reasoning": stated(EFFORT, limit="max_completion_tokens", sampling=[], seed="none"),
        "azure": stated(EFFORT, limit="max_completion_tokens", sampling=["temperature", "top_p"]),
        # ai.google.dev, OpenAI compatibility: effort or budget, not both
        "gemini": stated([*EFFORT, "thinking_config"], sampling=["temperature", "top_p"], seed="none"),
        # docs.mistral.ai, chat completion and reasoning
        "mistral": stated(EFFORT, sampling=["temperature", "top_p"], seed="random_seed"),
        # api-docs.deepseek.com, chat completion: response_format is text or json_object; thinking mode
        "deepseek": stated(
            ["thinking", "reasoning_effort"], sampling=["temperature", "top_p"], seed="none", structure="json_object"
        ),
        # docs.claude.com, OpenAI SDK compatibility: seed and response_format are ignored; temperature or top_p, not both
        "anthropic": stated(["thinking", "budget_tokens"], sampling=["temperature"], seed="none", structure="words"),
        # openrouter.ai/docs, reasoning tokens
        "openrouter": stated(["reasoning"]),
        # docs.ollama.com, OpenAI compatibility: an effort, no budget
        "ollama": stated(EFFORT, sampling=["temperature", "top_p"]),
        # llama.cpp, tools/server: a budget where the template has tags of thoughts
        "llama.cpp": stated(["chat_template_kwargs", "thinking_budget_tokens"]),
        "vllm": stated(["chat_template_kwargs", "reasoning_effort", "thinking_token_budget"]),
        # docs.sglang.io, thinking budget: enforced by a server started with --enable-strict-thinking
        "sglang": stated(["chat_template_kwargs", "reasoning_effort", "custom_params"]),
        "lm-studio": stated([]),
        # transformers serve (5.23): response_format is ignored, other fields than OpenAI's and its own are rejected
        "transformers": stated(["chat_template_kwargs"], sampling=["temperature", "top_p"], structure="words"),
    },
)
"""The manners of services and servers, by their documentation (2026)."""

OWN = "has a batch API of its own, which this engine does not speak"
SERVES_NONE = "serves no batches"
WITHOUT_BATCHES = (
    ("mistral", ("mistral.ai",), f"{OWN} (/v1/batch/jobs)"),
    ("gemini", ("generativelanguage.googleapis.com",), "takes and gives the files of a batch through Google's own client only"),
    ("anthropic", ("anthropic.com",), f"{OWN} (Message Batches)"),
    ("openrouter", ("openrouter.ai",), f"{OWN} (requests within the batch, no files)"),
    ("together", ("together.ai", "together.xyz"), f"{OWN} (files of the purpose batch-api)"),
    ("fireworks", ("fireworks.ai",), f"{OWN} (batchInferenceJobs)"),
    ("xai", ("x.ai",), OWN),
    ("deepseek", ("deepseek.com",), "has no batch API"),
    ("vllm", (), f"{SERVES_NONE}; `vllm run-batch` reads such files offline"),
    *((server, (), SERVES_NONE) for server in ("ollama", "llama.cpp", "sglang", "lm-studio")),
)
"""Services and servers without OpenAI's batch protocol: preset or name, hosts, and why, by their documentation (2026)."""


def no_batches(endpoint: Endpoint) -> str | None:
    """Why an endpoint cannot be asked in batches; None if nothing is known against it."""
    host = urlsplit(endpoint.url).hostname or ""
    for name, hosts, why in WITHOUT_BATCHES:
        if endpoint.preset == name or any(host == known or host.endswith(f".{known}") for known in hosts):
            return f"{name} {why}"
    return None


class Known:
    """An endpoint's manners, as far as they are known by now.

    Args:
        path: where they are kept; None keeps nothing.
        thinking: what the model's entry says of thinking.

    Raises:
        Untold: if the endpoint cannot be told that.
    """

    def __init__(self, endpoint: Endpoint, path: Path | None = None, thinking: Thinking | None = None) -> None:
        preset = PRESETS[endpoint.preset].model_dump() if endpoint.preset else {}
        self.stated = {name: value for name, value in endpoint.manners.model_dump().items() if value is not None}
        self.path, self.identity = path, [endpoint.url, endpoint.model, endpoint.preset]
        self.found = FULL.model_copy(update=preset | self._kept() | self.stated)
        self.proven: set[str] = set()
        self.rejected: dict[str, list[Manners]] = {}
        self.structures: set[str] = set()
        self.options = endpoint.options
        self.thinking = thinking_fields(thinking or Thinking(), taken_for_thinking(endpoint))

    def body(self, request: Request, model: str, sampling: Sampling) -> dict[str, Any]:
        """A request's body."""
        found = self.found
        values = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
        body: dict[str, Any] = {
            "model": model,
            "messages": request.messages if found.system else folded(request.messages),
            str(found.limit): sampling.max_new_tokens,
            **{name: values[name] for name in found.sampling or () if values[name] is not None},
        }
        if found.seed != "none":
            body[str(found.seed)] = request.seed % 2**31
        if request.schema is not None and found.structure == "json_schema":
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
        elif request.schema is not None and found.structure == "json_object":
            body["response_format"] = {"type": "json_object"}
        body |= self.thinking | self.options
        return {name: value for name, value in body.items() if value is not None}

    def learn(self, request: Request, sent: Manners, said: str, parameter: Any) -> bool:
        """Whether another form of a rejected request may be taken: the next attempt takes it. No form is tried again, and after
        the last one JSON is asked for as before.

        Args:
            sent: the manners that it was sent with.
            said: the endpoint's words.
            parameter: what it names as the field, of any type (LiteLLM: the text "None").
        """
        rejected = self.rejected.setdefault(request.id, [])
        rejected.append(sent)
        if self.found not in rejected:  # another request has found out something meanwhile
            return True
        if request.kind in self.proven:
            return False
        form = sent.model_copy(update=self._changes(request, sent, said.lower(), parameter))
        if form in rejected:
            asked = self.structures or {str(rejected[0].structure)}
            self.found = self.found.model_copy(update={"structure": min(asked, key=STRUCTURES.index)})
            return False
        self.found = form
        return True

    def prove(self, request: Request, sent: Manners) -> None:
        """Requests of this kind are taken as this one was sent. Meanwhile another one may have been rejected for what it says."""
        rejected, found = self.rejected.pop(request.id, []), self.found
        if request.kind not in self.proven and found in rejected:
            found = sent
        if request.schema is not None:
            self.structures.add(str(sent.structure))
            stronger = min(str(sent.structure), str(found.structure), key=STRUCTURES.index)
            found = found.model_copy(update={"structure": stronger} | self.stated)
        if request.kind not in self.proven or found != self.found:
            self.proven.add(request.kind)
            self.found = found
            self._keep()

    def _changes(self, request: Request, sent: Manners, said: str, parameter: Any) -> dict[str, Any]:
        """What to send otherwise; a field that the registry states stays as it is."""
        named = self._named(said, parameter)
        free = {name for name in Manners.model_fields if name not in self.stated}
        if "limit" in free and sent.limit in named:
            return {"limit": "max_completion_tokens" if sent.limit == "max_tokens" else "max_tokens"}
        sampling = [name for name in sent.sampling or () if name in named]
        if "sampling" in free and sampling:
            dropped = sampling[-1] if len(sampling) > 1 else sampling[0]  # of two that exclude each other, the less usual one
            return {"sampling": [name for name in sent.sampling or () if name != dropped]}
        if "seed" in free and sent.seed in named:
            return {"seed": "none"}
        if "system" in free and sent.system and "system" in named and request.messages[0]["role"] == "system":
            return {"system": False}
        about_the_text = _is_about_a_value(said) or is_about_content(said)
        if "structure" in free and request.schema is not None and sent.structure != STRUCTURES[-1] and not about_the_text:
            return {"structure": STRUCTURES[STRUCTURES.index(str(sent.structure)) + 1]}
        return {}

    def _named(self, said: str, parameter: Any) -> set[str]:
        """Fields that a rejection is about."""
        turn = {"system"} if SYSTEM.search(said) else set()
        if _is_about_a_value(said):
            return set()
        if named := set(re.findall(r"[a-z_]+", str(parameter).lower())) & FIELDS:
            return named | turn
        return turn | set(re.findall(r"[a-z_]+", said)) & FIELDS if UNTAKEN.search(said) else set()

    def _kept(self) -> dict[str, Any]:
        """What an earlier job has found out of this endpoint."""
        if self.path is None or not self.path.exists():
            return {}
        kept = json.loads(self.path.read_text(encoding="utf-8"))
        return dict(kept["manners"]) if kept["endpoint"] == self.identity else {}

    def _keep(self) -> None:
        if self.path is None:
            return
        with atomic(self.path) as partial:
            partial.write_text(json.dumps({"endpoint": self.identity, "manners": self.found.model_dump()}), encoding="utf-8")


class Untold(ValueError):
    """What a model's entry says of thinking and its endpoint cannot be told; the message names the key and the remedy."""


def taken_for_thinking(endpoint: Endpoint) -> list[ThinkingField]:
    """The fields about thinking that an endpoint takes, as it or its preset states them."""
    preset = PRESETS[endpoint.preset].thinking if endpoint.preset else None
    return (preset or []) if endpoint.manners.thinking is None else endpoint.manners.thinking


def thinking_fields(thinking: Thinking, taken: Collection[ThinkingField]) -> dict[str, Any]:
    """The fields of a request's body that say how a model is to think.

    Args:
        taken: those that the endpoint takes.

    Raises:
        Untold: if it takes none that says so.
    """
    body: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    if thinking.enabled is not None:
        if "chat_template_kwargs" in taken:
            variables["enable_thinking"] = thinking.enabled
        elif "thinking" in taken:
            body["thinking"] = {"type": "enabled" if thinking.enabled else "disabled"}
        elif "reasoning" in taken:
            body["reasoning"] = {"enabled": thinking.enabled}
        elif "reasoning_effort" not in taken or (thinking.enabled and not _says_how_much(thinking, taken)):
            raise Untold(_untold("enabled", taken))
        elif not thinking.enabled:
            body["reasoning_effort"] = "none"
    if thinking.effort is not None:
        if "reasoning" in taken:
            body["reasoning"] = body.get("reasoning", {}) | {"effort": thinking.effort}
        elif "reasoning_effort" in taken:
            body.setdefault("reasoning_effort", thinking.effort)
        elif "chat_template_kwargs" in taken:
            variables["reasoning_effort"] = thinking.effort
        else:
            raise Untold(_untold("effort", taken))
    if thinking.budget is not None:
        body |= _budget(thinking.budget, body, taken)
    if thinking.chat_template_kwargs and "chat_template_kwargs" not in taken:
        raise Untold(_untold("chat_template_kwargs", taken))
    variables |= thinking.chat_template_kwargs
    return body | ({"chat_template_kwargs": variables} if variables else {})


def _budget(tokens: int, body: dict[str, Any], taken: Collection[ThinkingField]) -> dict[str, Any]:
    """The field that limits thoughts, for a body that says already whether and how much a model thinks."""
    if "budget_tokens" in taken:
        return {"thinking": {"type": "enabled", "budget_tokens": tokens}}
    if "reasoning" in taken:
        return {"reasoning": body.get("reasoning", {}) | {"max_tokens": tokens}}
    if "thinking_config" in taken:
        if "reasoning_effort" in body:
            raise Untold("thinking.budget: the endpoint takes a budget or an effort, not both. Leave one of the two keys out")
        return {"extra_body": {"google": {"thinking_config": {"thinking_budget": tokens}}}}
    if "custom_params" in taken:
        return {"custom_params": {"thinking_budget": tokens}}
    for field in ("thinking_token_budget", "thinking_budget_tokens"):
        if field in taken:
            return {field: tokens}
    raise Untold(_untold("budget", taken))


def _says_how_much(thinking: Thinking, taken: Collection[ThinkingField]) -> bool:
    return thinking.effort is not None or (thinking.budget is not None and "thinking_config" in taken)


def _untold(key: str, taken: Collection[str]) -> str:
    known = f"takes {', '.join(taken)} alone, which say nothing of it" if taken else "is not known to take any field about it"
    said = ", with an `effort`" if key == "enabled" and "reasoning_effort" in taken else ""
    return (
        f"thinking.{key}: the endpoint {known}{said}. Leave the key out; or name a `preset`, or in "
        "`endpoint.manners.thinking` the fields that it takes; or write a field of its own into `endpoint.options`"
    )
