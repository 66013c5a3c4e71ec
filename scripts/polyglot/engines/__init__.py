"""Engines: one small interface to whatever answers chat requests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from polyglot.prompts import Message
from polyglot.registry import Sampling

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Request:
    """One chat to be answered. `seed` is the request's own; `schema` a JSON schema that the answer should follow."""

    id: str
    messages: list[Message]
    seed: int
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: `finish_reason` is `length` if the answer was cut off."""

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Engine(Protocol):
    """Answers a batch of requests; every request gets exactly one answer, in the order of the requests."""

    deterministic: bool
    """Whether the same request always gets the same answer, whatever else is in its batch."""

    def chat(self, requests: list[Request]) -> list[Answer]: ...


def open_engine(name: str, model: Path, sampling: Sampling) -> Engine:
    """Start the engine of that name with a model.

    Raises:
        ValueError: for an unknown engine.
    """
    if name == "transformers":
        from polyglot.engines.transformers_engine import TransformersEngine

        return TransformersEngine(model, sampling)
    raise ValueError(f"unknown engine '{name}'; known: transformers")
