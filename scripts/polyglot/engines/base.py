"""The engine interface: requests, answers, and what the workflow must know about an engine before it starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from polyglot.core.hashing import content_id, file_hash, folder_fingerprint
from polyglot.core.lookup import load
from polyglot.core.progress import progress
from polyglot.core.prompts import Message
from polyglot.core.sidefile import SideFile
from polyglot.core.text import storable
from polyglot.models.thoughts import split_thoughts
from polyglot.registry.models import Model, Thinking

FinishReason = Literal["stop", "length", "refused", "filtered", "failed"]


SYNCED = 0.2
"""Seconds of answers that a loss of power can take; a kill of the job takes none that has been stored."""


@dataclass(frozen=True)
class Request:
    """One chat to answer.

    Args:
        seed: specific to the request.
        schema: a JSON schema that the answer should follow.
        kind: a name for requests of one form, such as those of a method.
    """

    id: str
    messages: list[Message]
    seed: int
    schema: dict[str, Any] | None = None
    kind: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Args:
        text: the answer without the model's thoughts. Half a surrogate pair becomes U+FFFD, so that every text can be stored.
        finish_reason: only `stop` is a whole answer. `length`: truncated. `refused`: the endpoint or the model rejects the
            request. `filtered`: a content filter left something out, or stopped the answer. `failed`: any other end.
        completion_tokens: thoughts included.
        thoughts: what the model wrote before its answer.
        thought_tokens: 0 if the engine does not count them separately.
        counted: whether the engine counted the tokens; else they are estimated.
        note: what the endpoint said of an answer that is not whole.
    """

    id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    thoughts: str = ""
    thought_tokens: int = 0
    counted: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "thoughts", "note"):
            object.__setattr__(self, name, storable(getattr(self, name)))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def without_thoughts(self) -> Answer:
        """The answer, with thoughts in its text apart (see `split_thoughts`); their tokens are estimated by length."""
        text, thoughts = split_thoughts(self.text)
        if not thoughts:
            return self if text == self.text else replace(self, text=text)
        tokens = round(self.completion_tokens * (1 - len(text.encode()) / len(self.text.encode())))
        both = "\n\n".join(filter(None, (self.thoughts, thoughts)))
        return replace(self, text=text, thoughts=both, thought_tokens=self.thought_tokens or tokens)


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


Keep = Callable[[list[Answer]], None]
"""Takes answers as they come, and has stored them when it returns."""


@runtime_checkable
class Rolling(Protocol):
    """An engine that takes all requests at once and hands over each answer when it comes.

    Its `chat` raises `Interrupted` without answers: all have been handed over.
    """

    def roll(self, keep: Keep, answered: Collection[str], side: SideFile, note: Callable[[str], None]) -> None:
        """Before `chat`.

        Args:
            keep: where answers go.
            answered: the kinds of request that an earlier attempt at this job has answers to.
            side: where its answers are.
            note: shows what is waited for.
        """


class Deferred:
    """An engine that starts when it is first used. Where earlier runs have all answers, it needs neither GPU nor key."""

    def __init__(self, start: Callable[[], Engine]) -> None:
        self._start = start
        self._engine: Engine | None = None

    def __getattr__(self, name: str) -> Any:
        if self._engine is None:
            self._engine = self._start()
            print(f"answers independent of their batch: {self._engine.deterministic}")
        return getattr(self._engine, name)


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
    """The answer to every request, by request id, the shortest requests first.

    Answers are stored in the side file: batch by batch, those received before a batch failed, and those of a rolling engine as
    they come. A restarted job requests only what is missing. No other process may do the same job meanwhile.

    Args:
        batch_size: requests per batch, unless the engine prefers another number or takes them all.
    """
    with side.held():
        return _answered(engine, requests, side, batch_size, title)


def _answered(engine: Engine, requests: list[Request], side: SideFile, batch_size: int, title: str) -> dict[str, Answer]:
    asked = {request.id: request.kind for request in requests}
    done = {row["id"]: Answer(**row) for row in side.rows() if row["id"] in asked}
    pending = [request for request in requests if request.id not in done]
    pending.sort(key=lambda request: (sum(len(turn["content"]) for turn in request.messages), request.id))
    with progress(total=len(requests), initial=len(requests) - len(pending), title=title, unit="request") as bar:

        def keep(answers: list[Answer]) -> None:
            new = [answer.without_thoughts() for answer in answers if answer.id not in done]
            if new:
                side.append([answer.as_dict() for answer in new], within=SYNCED)
                done.update({answer.id: answer for answer in new})
                bar.advance(len(new), tokens=sum(answer.completion_tokens for answer in new))

        if not pending and not side.beside.exists():  # batches of an earlier attempt may still have to be settled
            return done
        size = engine.batch_size or batch_size
        if isinstance(engine, Rolling):
            answered = {asked[name] for name, answer in done.items() if name in asked and answer.finish_reason != "refused"}
            engine.roll(keep, answered, side, bar.note)
            size = len(pending)
        for start in range(0, len(pending), size or 1):
            try:
                keep(engine.chat(pending[start : start + size]))
            except Interrupted as error:
                keep(error.answers)
                raise error.cause from None
    return done


def owner_of(model: Model, folder: Path | None, chat_template: Path | None = None) -> str:
    """Everything that determines a model's answers: its files or endpoint, chat template, sampling and thinking. Answers with
    another owner are not reused."""
    place = model.endpoint.model_dump_json(include={"url", "model", "options"}) if model.endpoint else ""
    if model.endpoint and model.endpoint.stated_manners:
        place += json.dumps(model.endpoint.stated_manners, sort_keys=True)
    origin = folder_fingerprint(folder) if folder else place
    form = [file_hash(chat_template)] if chat_template else []
    if model.thinking != Thinking():
        form.append(model.thinking.model_dump_json())
    return content_id(origin, json.dumps(model.sampling.model_dump(), sort_keys=True), *form)
