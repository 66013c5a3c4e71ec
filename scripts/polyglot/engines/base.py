"""The engine interface: requests, answers, and what the workflow must know about an engine before it starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from polyglot.core.hashing import content_id, file_hash, folder_fingerprint
from polyglot.core.lookup import load
from polyglot.core.progress import progress
from polyglot.core.prompts import Message
from polyglot.core.sidefile import SideFile
from polyglot.registry.models import Model

FinishReason = Literal["stop", "length", "refused"]


@dataclass(frozen=True)
class Request:
    """One chat to answer. `seed` is specific to the request; `schema` is a JSON schema that the answer should follow."""

    id: str
    messages: list[Message]
    seed: int
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to a request. `finish_reason` is `length` if it was truncated, and `refused` if an endpoint rejects the request;
    the text is then empty."""

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Interrupted(Exception):
    """A batch that could not be finished: the answers received so far, and the cause."""

    def __init__(self, answers: list[Answer], cause: BaseException) -> None:
        super().__init__(str(cause))
        self.answers, self.cause = answers, cause


class Engine(Protocol):
    """Answers a batch of requests; every request gets exactly one answer, in the order of the requests."""

    @property
    def deterministic(self) -> bool:
        """Whether a request always gets the same answer, regardless of its batch."""

    @property
    def batch_size(self) -> int | None:
        """Preferred number of requests per batch; None leaves it to the study."""

    def chat(self, requests: list[Request]) -> list[Answer]: ...


@runtime_checkable
class Keeping(Protocol):
    """An engine that hands over answers of a batch before all of them have come, to what it is given here."""

    keep: Callable[[list[Answer]], None]


@dataclass(frozen=True)
class Start:
    """The arguments that an engine is started with.

    `name`: the model's id. `folder`: its files; None for an endpoint. `study`: the configuration; only the study's name and
    `synthesis.budget` are read. `chat_template`: a template that replaces the tokenizer's.
    """

    name: str
    model: Model
    folder: Path | None
    study: Mapping[str, Any]
    chat_template: Path | None = None


@dataclass(frozen=True)
class EngineKind:
    """What the workflow must know about an engine without importing it.

    Args:
        start: the function that starts it, or its location `package.module:function`.
        environment: the environment that it runs in: a name in envs/locked.
        embedder: the function (or its location) that starts its `polyglot.engines.embedding.Embedder` from a model's folder, the
            model and the texts per batch; None if it cannot embed texts.
        embedding_environment: the environment for embedding; None uses `environment`.
        network: whether it works over a network: its models have an `endpoint`, its jobs need no GPU.
        reproducible: whether, on a CPU, a request always gets the same answer, regardless of its batch.
        has_tokenizer: whether its models' folders hold a tokenizer, used to check requests before a GPU is allocated.
        shared: whether jobs of one model in a submission share an engine (`polyglot.core.submission`).
        tunes_encoders: whether its embedding encoders can be fine-tuned with sentence-transformers.
    """

    start: str | Callable[[Start], Engine]
    environment: str
    embedder: str | Callable[[Path, Model, int], Any] | None = None
    embedding_environment: str | None = None
    network: bool = False
    reproducible: bool = False
    has_tokenizer: bool = True
    tunes_encoders: bool = False
    shared: bool = False

    @property
    def embeds(self) -> bool:
        return self.embedder is not None

    def started(self, start: Start) -> Engine:
        """Start the engine."""
        found: Callable[[Start], Engine] = load(self.start) if isinstance(self.start, str) else self.start
        return found(start)

    def embedding(self, folder: Path, model: Model, batch_size: int) -> Any:
        """Start the engine's embedder.

        Raises:
            ValueError: if it has none.
        """
        if self.embedder is None:
            raise ValueError(f"the engine '{model.engine}' cannot embed texts")
        found: Callable[[Path, Model, int], Any] = load(self.embedder) if isinstance(self.embedder, str) else self.embedder
        return found(folder, model, batch_size)


def answer_all(engine: Engine, requests: list[Request], side: SideFile, *, batch_size: int, title: str) -> dict[str, Answer]:
    """The answer to every request, by request id, in batches of similar length.

    Finished batches are kept in the side file, and so are the answers received before a batch failed, or during a batch if the
    engine hands them over. A restarted job requests only what is missing.

    Args:
        batch_size: requests per batch, unless the engine prefers another number.
    """
    done = {row["id"]: Answer(**row) for row in side.read()}
    pending = [request for request in requests if request.id not in done]
    kept: set[str] = set()

    def keep(answers: list[Answer]) -> None:
        new = [answer for answer in answers if answer.id not in kept]
        kept.update(answer.id for answer in new)
        if new:
            side.append([answer.as_dict() for answer in new])

    if isinstance(engine, Keeping):
        engine.keep = keep
    pending.sort(key=lambda request: (sum(len(turn["content"]) for turn in request.messages), request.id))
    with progress(total=len(requests), initial=len(requests) - len(pending), title=title, unit="request") as bar:
        size = engine.batch_size or batch_size
        for start in range(0, len(pending), size):
            try:
                answers = engine.chat(pending[start : start + size])
            except Interrupted as error:
                keep(error.answers)
                raise error.cause from None
            keep(answers)
            done.update({answer.id: answer for answer in answers})
            bar.advance(len(answers), tokens=sum(answer.completion_tokens for answer in answers))
    return done


def owner_of(model: Model, folder: Path | None, chat_template: Path | None = None) -> str:
    """Everything that determines a model's answers: its files or endpoint, chat template and sampling. Answers with another owner
    are not reused."""
    place = model.endpoint.model_dump_json(include={"url", "model", "options"}) if model.endpoint else ""
    origin = folder_fingerprint(folder) if folder else place
    form = [file_hash(chat_template)] if chat_template else []
    return content_id(origin, json.dumps(model.sampling.model_dump(), sort_keys=True), *form)
