"""Requests to and from a file, for a job in a process of its own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from polyglot.engines.base import Request


def write(requests: list[Request], path: Path) -> None:
    path.write_text(json.dumps([asdict(request) for request in requests]), encoding="utf-8")


def read(path: Path) -> list[Request]:
    return [Request(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
