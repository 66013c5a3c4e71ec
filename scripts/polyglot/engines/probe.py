"""A look at an endpoint before a study: one request of each kind, and what it takes of them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from polyglot.engines.base import Answer, Interrupted, Request, Start
from polyglot.engines.batch_api import BatchApi
from polyglot.engines.endpoint_errors import ENDS, EndpointError
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.openai_start import start
from polyglot.registry.models import Model, Thinking

SYSTEM = {"role": "system", "content": "You write short texts."}
SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}, "response": {"type": "string"}},
    "required": ["prompt", "response"],
    "additionalProperties": False,
}
ASKED: dict[str, tuple[str, dict[str, Any] | None]] = {
    "text": ("Write one sentence about the sea.", None),
    "JSON": ('Write a question and its answer as one JSON object with the keys "prompt" and "response".', SCHEMA),
}
"""Kinds of requests by name: what is asked, and the answer's schema."""
NO_OBJECT = (
    "without the object that was asked for: either the endpoint passes over how it is asked for, or the model cannot write it"
)


def probe(name: str, model: Model, study: Mapping[str, Any], *, objects: bool = True) -> list[dict[str, Any]]:
    """Ask an endpoint once for each kind of answer, and whether it takes batches if the registry asks for them. What is found out
    is kept with the study, and its jobs use it. Deployments of Azure that take batches take no single requests.

    Args:
        objects: whether the study asks it for JSON objects. Else it is not asked for one here either.

    Returns:
        A row for each kind: model, asked, works, said (the end of the answer, or the error), limit, sampling, seed, system,
        structure (see `polyglot.registry.models.Manners`), tokens, usd. A whole answer without the object that was asked for does
        not work.
    """
    assert model.endpoint is not None  # only endpoints are asked
    single = model.model_copy(update={"endpoint": model.endpoint.model_copy(update={"batch": None})})
    wanted = {kind: asked for kind, asked in ASKED.items() if objects or asked[1] is None}
    kinds = {} if model.batched and model.endpoint.preset == "azure" else wanted
    try:
        engine = start(Start(name, single, None, study))
    except EndpointError as error:
        return [{"model": name, "asked": kind, "works": False, "said": str(error)} for kind in wanted]
    rows = [_batches(name, engine)] if model.batched else []
    for kind, (question, schema) in kinds.items():
        messages = [SYSTEM, {"role": "user", "content": question}]
        request = Request(f"probe {kind} {os.getpid()}", messages, seed=0, schema=schema, kind=kind)
        before = engine.spending.total
        answer: Answer | None = None
        try:
            answer = engine.chat([request])[0].without_thoughts()
            said = answer.note or f"{answer.finish_reason}, {len(answer.text)} characters"
            said += f", {len(answer.thoughts)} of thoughts" if answer.thoughts else ""
            said += _about_thinking(answer, model)
        except Interrupted as error:
            if isinstance(error.cause, KeyboardInterrupt):
                raise error.cause from None
            said = str(error.cause)
        works = answer is not None and answer.finish_reason in ("stop", "length") and bool(answer.text or answer.thoughts)
        if answer is not None and answer.finish_reason == "stop" and schema is not None and not _holds_object(answer.text):
            works, said = False, f"{said}, {NO_OBJECT}"
        found = engine.known.found.model_dump()
        rows.append(
            {
                "model": name,
                "asked": kind,
                "works": works,
                "said": said,
                **{key: " ".join(value) if isinstance(value, list) else value for key, value in found.items()},
                "tokens": 0 if answer is None else answer.prompt_tokens + answer.completion_tokens,
                "usd": engine.spending.total - before,
            }
        )
    return rows


def _about_thinking(answer: Answer, model: Model) -> str:
    """What an answer says of the entry's `thinking`: whether the model did as it was told, as far as that can be seen."""
    told, thinks = model.thinking, bool(answer.thoughts or answer.thought_tokens)
    if told == Thinking():
        return ""
    if told.enabled is False:
        return "; it thinks although thinking.enabled is false" if thinks else "; it does not think, as it was told"
    if not thinks:
        return "; no thoughts were sent or counted, so what `thinking` does cannot be seen"
    if told.budget is not None and answer.thought_tokens > told.budget:
        return f"; {answer.thought_tokens} tokens of thoughts, more than thinking.budget"
    return f"; {answer.thought_tokens} tokens of thoughts"


def _batches(name: str, engine: OpenAIEngine) -> dict[str, Any]:
    """Whether an endpoint lists its batches: a row of `probe`."""

    async def first() -> str:
        try:
            batches, _ = await engine.outlasted(partial(BatchApi(engine).page, limit=1))
        except ENDS as error:
            return f"no batches: {engine.without_keys(error)}"
        return "batches are taken" + (f"; the last is {batches[0].status}" if batches else "; there is none yet")

    said = engine.runner.run(first())
    return {"model": name, "asked": "batches", "works": not said.startswith("no "), "said": said, "tokens": 0, "usd": 0.0}


def _holds_object(text: str) -> bool:
    """Whether there is an object with the schema's keys in a text, with anything round it."""
    found = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        value = json.loads(found[0], strict=False) if found else None
    except ValueError:
        return False
    return isinstance(value, dict) and {"prompt", "response"} <= value.keys()


def probed(models: Mapping[str, Model], study: Mapping[str, Any], *, plain: Collection[str] = ()) -> tuple[str, bool]:
    """A table of all endpoints of a study, and whether all of them work.

    Args:
        plain: models that the study asks for plain text only, such as a judge.
    """
    import pandas as pd

    there = {name: model for name, model in models.items() if model.endpoint is not None}
    rows = [row for name, model in there.items() for row in probe(name, model, study, objects=name not in plain)]
    if not rows:
        return "no model of the study is behind an endpoint", True
    table = pd.DataFrame(rows)
    shown = table.assign(works=table["works"].map({True: "yes", False: "NO"})).drop(columns="said")
    lines = [shown.to_string(index=False, na_rep="-", float_format="{:.6f}".format)]
    lines += [f"{row['model']}, {row['asked']}: {row['said']}" for row in rows]
    if text_only := [name for name in there if name in plain]:
        lines.append(f"{', '.join(text_only)}: asked for text only, since the study asks for nothing else")
    kept = Path("results") / study["study"] / "endpoints"
    lines.append(f"kept in {kept}, for the study's jobs; this took {table.get('usd', pd.Series(0.0)).sum():.6f} USD")
    return "\n".join(lines), bool(table["works"].all())
