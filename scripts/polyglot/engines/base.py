"""What an engine is: requests, answers, and what the workflow must know of it before it is started."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from polyglot.core.hashing import content_id, file_hash, folder_fingerprint
from polyglot.core.lookup import load
from polyglot.core.progress import progress
from polyglot.core.prompts import Message
from polyglot.core.sidefile import SideFile
from polyglot.registry.models import Model

FinishReason = Literal["stop", "length", "refused"]


@dataclass(frozen=True)
class Request:
    """One chat to be answered. `seed` is the request's own; `schema` a JSON schema that the answer should follow."""

    id: str
    messages: list[Message]
    seed: int
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: `finish_reason` is `length` if the answer was cut off, `refused` if an endpoint does not take this request;
    its text is then empty."""

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Interrupted(Exception):
    """A batch that could not be finished: the answers that have come, and why no more came."""

    def __init__(self, answers: list[Answer], cause: BaseException) -> None:
        super().__init__(str(cause))
        self.answers, self.cause = answers, cause


class Engine(Protocol):
    """Answers a batch of requests; every request gets exactly one answer, in the order of the requests."""

    @property
    def deterministic(self) -> bool:
        """Whether the same request always gets the same answer, whatever else is in its batch."""

    @property
    def batch_size(self) -> int | None:
        """Requests that it wants at a time; None leaves it to the study."""

    def chat(self, requests: list[Request]) -> list[Answer]: ...


@dataclass(frozen=True)
class Start:
    """What an engine is started with.

    `name`: the model's id. `folder`: its files; None behind an endpoint. `study`: the configuration, of which the study's name
    and `synthesis.budget` are read. `chat_template`: a template in place of the tokenizer's own.
    """

    name: str
    model: Model
    folder: Path | None
    study: Mapping[str, Any]
    chat_template: Path | None = None


@dataclass(frozen=True)
class EngineKind:
    """What the workflow must know of an engine without importing it.

    Args:
        start: starts it; or where this function is, as `package.module:function`.
        environment: where it runs: a name in envs/locked.
        embedder: starts its `polyglot.engines.embedding.Embedder` from a model's folder, the model and the texts per batch, or
            where this function is; None if it embeds no texts.
        embedding_environment: where it embeds; None takes `environment`.
        network: whether it asks over a network: its models have an `endpoint`, its jobs hold no GPU.
        reproducible: whether on a CPU the same request always gets the same answer, whatever else is in its batch.
        has_tokenizer: whether its models' folders hold a tokenizer, with which requests are checked before a GPU is held.
        tunes_encoders: whether encoders that it embeds with can be fine-tuned with sentence-transformers.
    """

    start: str | Callable[[Start], Engine]
    environment: str
    embedder: str | Callable[[Path, Model, int], Any] | None = None
    embedding_environment: str | None = None
    network: bool = False
    reproducible: bool = False
    has_tokenizer: bool = True
    tunes_encoders: bool = False

    @property
    def embeds(self) -> bool:
        return self.embedder is not None

    def started(self, start: Start) -> Engine:
        """The engine, ready to answer."""
        found: Callable[[Start], Engine] = load(self.start) if isinstance(self.start, str) else self.start
        return found(start)

    def embedding(self, folder: Path, model: Model, batch_size: int) -> Any:
        """The engine's embedder, ready to embed.

        Raises:
            ValueError: if it has none.
        """
        if self.embedder is None:
            raise ValueError(f"the engine '{model.engine}' embeds no texts")
        found: Callable[[Path, Model, int], Any] = load(self.embedder) if isinstance(self.embedder, str) else self.embedder
        return found(folder, model, batch_size)


def answer_all(engine: Engine, requests: list[Request], side: SideFile, *, batch_size: int, title: str) -> dict[str, Answer]:
    """Every request's answer by its id, in batches of similar length.

    Finished batches are kept in the side file, and so is what has come of a batch that fails: a job that is started again asks
    only for what is missing.

    Args:
        batch_size: requests at a time, unless the engine wants another number.
    """
    done = {row["id"]: Answer(**row) for row in side.read()}
    pending = [request for request in requests if request.id not in done]
    pending.sort(key=lambda request: (sum(len(turn["content"]) for turn in request.messages), request.id))
    with progress(total=len(requests), initial=len(requests) - len(pending), title=title, unit="request") as bar:
        size = engine.batch_size or batch_size
        for start in range(0, len(pending), size):
            try:
                answers = engine.chat(pending[start : start + size])
            except Interrupted as error:
                side.append([answer.as_dict() for answer in error.answers])
                raise error.cause from None
            side.append([answer.as_dict() for answer in answers])
            done.update({answer.id: answer for answer in answers})
            bar.advance(len(answers), tokens=sum(answer.completion_tokens for answer in answers))
    return done


def owner_of(model: Model, folder: Path | None, chat_template: Path | None = None) -> str:
    """What makes a model's answers: its files or its endpoint, its chat template, and how answers are drawn. Others' answers are
    not taken over."""
    place = model.endpoint.model_dump_json(include={"url", "model", "options"}) if model.endpoint else ""
    origin = folder_fingerprint(folder) if folder else place
    form = [file_hash(chat_template)] if chat_template else []
    return content_id(origin, json.dumps(model.sampling.model_dump(), sort_keys=True), *form)
