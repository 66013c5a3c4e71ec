"""OpenAI's batch protocol (its guide "Batch API" and the references of files and batches): a file of requests is uploaded and put
into a batch, which is looked at until it has ended; its answers are fetched as files.

Services that speak it: OpenAI, Azure OpenAI (v1), Groq, Moonshot, DashScope, Novita. `not_spoken` names those that do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx2
from openai import APIConnectionError, AsyncOpenAI

from polyglot.core.files import atomic
from polyglot.engines.batch_files import ASKED, KeptBatch
from polyglot.engines.bodies import MalformedAnswer, parsed
from polyglot.registry.models import Endpoint

ENDED = ("completed", "expired", "cancelled", "failed")
ALSO = {"succeeded": "completed", "success": "completed", "canceled": "cancelled"}
"""Other words of services for the same."""
MARK = "polyglot"
"""The field of a batch's metadata with its key."""
PAGE = 100
"""Batches that are listed at a time."""
KEPT_FOR = 30 * 86400.0
"""Seconds that endpoints keep files of answers; an older batch is not looked for."""


@dataclass(frozen=True)
class Batch:
    """A batch as the endpoint tells of it.

    Args:
        output: the file of answers, error: that of errors; empty if there is none.
        errors: why it was not taken as a whole.
        file: the file of requests. key: the mark that it was submitted with.
        created: seconds since 1970; 0 if that is not said.
    """

    id: str
    status: str
    total: int
    completed: int
    failed: int
    output: str
    error: str
    errors: list[Any]
    file: str
    key: str
    created: float

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def late(self) -> bool:
        """Whether it has ended, but may name a file of answers yet: it has some, or does not say how many; or it is completed and
        names no file at all."""
        if not self.ended or self.status == "failed" or self.output:
            return False
        return self.completed > 0 or not self.counted or (self.status == "completed" and not self.error)

    @property
    def counted(self) -> bool:
        """Whether it says what has become of its requests. Counts that are all 0 say nothing, since it has some."""
        return self.completed + self.failed > 0 or (self.total > 0 and self.status != "completed")

    @property
    def useful(self) -> bool:
        """Whether it has answers, or will have."""
        return not self.ended or self.late or (self.status != "failed" and bool(self.output))


class Clients(Protocol):
    """Who has clients of an endpoint: `AsyncOpenAI`, again and again."""

    clients: Any
    endpoint: Endpoint

    @property
    def timeout(self) -> float | None: ...


class BatchApi:
    """The calls of the protocol. Each is one attempt, and raises what a single request may end with."""

    def __init__(self, engine: Clients) -> None:
        self.engine = engine

    @property
    def client(self) -> AsyncOpenAI:
        found: AsyncOpenAI = next(self.engine.clients)
        return found

    async def upload(self, requests: Path) -> str:
        """The name of an uploaded file. It may take as long as it goes on."""
        with requests.open("rb") as file:
            raw = await self.client.files.with_raw_response.create(file=(requests.name, file), purpose="batch")
        name = _object(raw.content).get("id")
        if not isinstance(name, str) or not name:
            raise MalformedAnswer("the endpoint gives no id of the uploaded file")
        return name

    async def create(self, batch: KeptBatch, window: str) -> Batch:
        """Put an uploaded file into a batch."""
        body: dict[str, Any] = {"input_file_id": batch.file, "endpoint": ASKED, "completion_window": window}
        body["metadata"] = {MARK: batch.key, "job": str(batch.folder)[-500:]}
        return batch_of(await self._within_time(self.client.post("/batches", cast_to=httpx2.Response, body=body)))

    async def look(self, name: str) -> Batch:
        """A batch as it is now."""
        path = f"/batches/{quote(name, safe='')}"
        return batch_of(await self._within_time(self.client.get(path, cast_to=httpx2.Response)))

    async def page(self, after: str = "", limit: int = PAGE) -> tuple[list[Batch], bool]:
        """Batches of this key's owner, the newest first, and whether there are more. Of another program's, a row may lack
        its status; one without an id is passed over."""
        params = {"limit": limit} | ({"after": after} if after else {})
        content = await self._within_time(self.client.get("/batches", cast_to=httpx2.Response, options={"params": params}))
        found = _object(content)
        rows = found.get("data")
        known = [row for row in rows if isinstance(row, dict) and _named(row)] if isinstance(rows, list) else []
        return [_batch(row) for row in known], bool(found.get("has_more"))

    async def listed(self) -> AsyncGenerator[Batch, None]:
        """Batches of the last 30 days."""
        after, more = "", True
        while more:
            batches, more = await self.page(after)
            for batch in batches:
                if 0 < batch.created < time.time() - KEPT_FOR:
                    return
                yield batch
            more, after = more and bool(batches) and batches[-1].id != after, batches[-1].id if batches else ""

    async def fetch(self, file: str, to: Path) -> None:
        """Put a file of the endpoint's into one of this machine's. It may take as long as it goes on."""
        client = self.client
        try:
            async with client.files.with_streaming_response.content(file) as response:
                with atomic(to) as partial, partial.open("wb") as written:
                    async for piece in response.iter_bytes():
                        written.write(piece)
        except httpx2.TransportError as error:
            request = httpx2.Request("GET", f"{client.base_url}files/{file}/content")
            raise APIConnectionError(message=f"the download broke off: {error}", request=request) from None

    async def _within_time(self, call: Any) -> bytes:
        try:
            async with asyncio.timeout(self.engine.timeout):
                content: bytes = (await call).content
        except TimeoutError:
            raise TimeoutError(f"no answer after {self.engine.timeout:g} seconds (endpoint.timeout)") from None
        return content


def batch_of(content: bytes) -> Batch:
    """A batch from a response's body.

    Raises:
        MalformedAnswer: if it is none.
    """
    found = _object(content)
    if not _named(found) or not isinstance(found.get("status"), str):
        raise MalformedAnswer(f"the body is no batch: {str(found)[:200]}")
    return _batch(found)


def _named(found: dict[str, Any]) -> bool:
    return isinstance(found.get("id"), str) and bool(found["id"])


def _batch(found: dict[str, Any]) -> Batch:
    status = str(found.get("status") or "of no status").lower()
    counts, metadata = found.get("request_counts"), found.get("metadata")
    numbers = counts if isinstance(counts, dict) else {}
    marks = metadata if isinstance(metadata, dict) else {}
    errors = found.get("errors")
    listed = errors.get("data") if isinstance(errors, dict) else errors
    created = found.get("created_at")
    return Batch(
        id=found["id"],
        status=ALSO.get(status, status),
        total=_count(numbers.get("total")),
        completed=_count(numbers.get("completed")),
        failed=_count(numbers.get("failed")),
        output=str(found.get("output_file_id") or ""),
        error=str(found.get("error_file_id") or ""),
        errors=listed if isinstance(listed, list) else [listed] if listed else [],
        file=str(found.get("input_file_id") or ""),
        key=str(marks.get(MARK) or ""),
        created=float(created) if isinstance(created, int | float) else 0.0,
    )


def _object(content: bytes) -> dict[str, Any]:
    found = parsed(content)
    if not isinstance(found, dict):
        raise MalformedAnswer(f"the body is no JSON object: {str(found)[:200]}")
    return found


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
