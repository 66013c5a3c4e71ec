"""Engines: one small interface to whatever answers chat requests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from polyglot.progress import progress
from polyglot.prompts import Message
from polyglot.registry import Sampling
from polyglot.sidefile import SideFile

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


def answer_all(engine: Engine, requests: list[Request], side: SideFile, *, batch_size: int, title: str) -> dict[str, Answer]:
    """Every request's answer by its id, in batches of similar length.

    Finished batches are kept in the side file, so a killed job asks only for what is missing.
    """
    done = {row["id"]: Answer(**row) for row in side.read()}
    pending = [request for request in requests if request.id not in done]
    pending.sort(key=lambda request: (sum(len(turn["content"]) for turn in request.messages), request.id))
    with progress(total=len(requests), initial=len(requests) - len(pending), title=title, unit="request") as bar:
        for start in range(0, len(pending), batch_size):
            answers = engine.chat(pending[start : start + batch_size])
            side.append([answer.as_dict() for answer in answers])
            done.update({answer.id: answer for answer in answers})
            bar.advance(len(answers), tokens=sum(answer.completion_tokens for answer in answers))
    return done


def open_engine(name: str, model: Path, sampling: Sampling) -> Engine:
    """Start the engine of that name with a model.

    Raises:
        ValueError: for an unknown engine.
    """
    if name == "transformers":
        from polyglot.engines.transformers_engine import TransformersEngine

        return TransformersEngine(model, sampling)
    raise ValueError(f"unknown engine '{name}'; known: transformers")
