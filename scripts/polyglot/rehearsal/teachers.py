"""Engines of a rehearsal, whose answers have the form that was asked for.

Random weights write no JSON and no rating. So the real engine answers, with the model's tokenizer and template, and its words are
put into the form that the request wants. Jobs after it then have something to work on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from polyglot.engines.base import Answer, Engine, EngineKind, Request, Start

PREFIX = "rehearsed-"
"""Before the name of an engine."""
RATING, VERDICT = "[RESULT]", "[[A]]"
"""How the study's prompts for judges name what they want."""


def formed(words: str, asked: str, schema: Mapping[str, Any] | None, *, judges: bool, number: int) -> str:
    """An answer of the form that a request wants.

    Args:
        words: what the model wrote.
        asked: the request's last turn.
        schema: of a JSON object of texts; None for plain text.
        judges: whether the model rates responses in this study.
        number: tells requests apart: no two answers are the same.
    """
    text = f"{' '.join(words.split())} {number}"
    if schema is not None:
        return json.dumps({name: f"{name} {text}" for name in schema["properties"]}, ensure_ascii=False)
    if RATING in asked:
        return f"Feedback: {text} {RATING} {1 + number % 5}"
    if VERDICT in asked:
        return f"{text} {VERDICT}"
    return f"{text}\n{1 + number % 5}" if judges else text


class Rehearsed:
    """A real engine with formed answers."""

    def __init__(self, inner: Engine, judges: bool) -> None:
        self.inner, self.judges, self.deterministic = inner, judges, inner.deterministic

    @property
    def batch_size(self) -> int | None:
        return self.inner.batch_size

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The inner engine's answers, in the form of the requests."""
        return [self._form(*pair) for pair in zip(requests, self.inner.chat(requests), strict=True)]

    def _form(self, request: Request, answer: Answer) -> Answer:
        asked = str(request.messages[-1]["content"])
        text = formed(answer.text, asked, request.schema, judges=self.judges, number=request.seed % 10**6)
        return replace(answer, text=text, finish_reason="stop")


def started_by(kind: EngineKind) -> Callable[[Start], Engine]:
    """How the rehearsed engine of a kind is started."""

    def start(given: Start) -> Engine:
        judge = given.study.get("intrinsic", {}).get("reward", {}).get("model")
        return Rehearsed(kind.started(given), judge == given.name)

    return start
