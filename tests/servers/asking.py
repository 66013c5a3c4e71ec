"""A job that asks a server, as the workflow does; also as a process of its own, which a test kills."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.spending import Spending
from polyglot.registry.models import Endpoint, Price, Sampling, Thinking

SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"enum": ["Was?", "Wo?"]}, "response": {"type": "string", "maxLength": 6}},
    "required": ["prompt", "response"],
    "additionalProperties": False,
}
"""One that even random weights fill within a few dozen tokens."""
SYSTEM = {"role": "system", "content": "Antworte kurz."}
GREEDY = Sampling(temperature=0, max_new_tokens=64)


def questions(count: int, schema: dict[str, Any] | None = None) -> list[Request]:
    kind = "text" if schema is None else "pair"
    asked = [[SYSTEM, {"role": "user", "content": f"Baum und Stern {number}"}] for number in range(count)]
    return [Request(f"{kind}{number:03d}", turns, number, schema, kind) for number, turns in enumerate(asked)]


def engine(entry: dict[str, Any], folder: Path, sampling: Sampling = GREEDY, thinking: Thinking | None = None) -> OpenAIEngine:
    """The engine of an endpoint, whose manners and spending are kept in a folder."""
    spending = Spending(folder / "ledger", "teacher", Price(prompt=1, completion=2), None)
    return OpenAIEngine(Endpoint(api_key="TEST_KEY", **entry), sampling, spending, folder / "endpoints/teacher.json", thinking)


def side(folder: Path) -> SideFile:
    return SideFile(folder / "side.jsonl", "owner")


def ask(asking: OpenAIEngine, requests: list[Request], folder: Path) -> dict[str, Answer]:
    return answer_all(asking, requests, side(folder), batch_size=8, title="test")


def paid(folder: Path) -> list[str]:
    """The requests of all answers that were entered, in their order."""
    return [json.loads(line)["id"] for line in (folder / "ledger/teacher.jsonl").read_text().splitlines()]


def kept(folder: Path) -> list[str]:
    """The requests of all answers on disk, in their order."""
    return [row["id"] for row in side(folder).rows()]


if __name__ == "__main__":
    number, longest, place = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    ask(engine(json.loads(sys.argv[1]), place, Sampling(temperature=0, max_new_tokens=longest)), questions(number), place)
