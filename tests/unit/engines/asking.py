"""An openai engine that asks the tests' server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.spending import Spending
from polyglot.registry.models import Endpoint, Price, Sampling
from tests.endpoint import Server


def endpoint(server: Server, **changes: Any) -> Endpoint:
    settings = {"url": server.url, "model": "m", "api_key": "TEST_KEY", "timeout": 1, "attempts": 4}
    return Endpoint(**{**settings, **changes})


def engine(server: Server, folder: Path, ceiling: float | None = None, **changes: Any) -> OpenAIEngine:
    spending = Spending(folder / "ledger", "teacher", Price(prompt=1, completion=2), ceiling)
    return OpenAIEngine(endpoint(server, **changes), Sampling(max_new_tokens=16), spending)


def ledger(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "ledger/teacher.jsonl").read_text().splitlines()]


def ask_all(engine: OpenAIEngine, requests: list[Request], folder: Path) -> dict[str, Answer]:
    """The answers to all requests, in their order."""
    found = answer_all(engine, requests, SideFile(folder / "side.jsonl", "owner"), batch_size=8, title="test")
    return {request.id: found[request.id] for request in requests}


def questions(count: int) -> list[Request]:
    return [Request(f"id{number:03d}", [{"role": "user", "content": f"q{number}"}], seed=number) for number in range(count)]
