"""An endpoint on a real socket that takes batches as OpenAI's documentation of its Batch API says, and misbehaves as told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.endpoint import KEY, completion, in_a_thread

STATES = ("validating", "in_progress", "finalizing")
EXPIRED = {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}
CANCELLED = {"code": "batch_cancelled", "message": "This request was cancelled."}
Row = Callable[[dict[str, Any]], Any]
"""What becomes of a request's body: a completion; (HTTP status, body); "expired"; or None, if it is missing."""
Fault = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: BatchServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, method: str, content: bytes) -> None:
        server, path = self.server, urlsplit(self.path).path.removeprefix("/v1")
        call = f"{method} {re.sub(r'(file|batch)-[0-9]+', 'ID', path)}"
        with server.lock:
            server.calls[call] += 1
            faults = server.faults[call]
            fault = faults.pop(0) if faults else None
        if fault is not None:
            fault(self)
            if self.close_connection:
                return
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self.reply(401, {"error": {"message": f"Incorrect API key: {self.headers['Authorization']}"}})
        with server.lock:
            status, body = server.answer(call, path, parse_qs(urlsplit(self.path).query), self._form(content))
        self.reply(status, body)

    def _form(self, content: bytes) -> dict[str, Any]:
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            found: dict[str, Any] = json.loads(content) if content else {}
            return found
        parts: Any = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + content)
        return {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in parts.get_payload()
        }

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class BatchServer(ThreadingHTTPServer):
    """Files and batches, who was asked how often, and what goes wrong.

    Args:
        row: what becomes of each request. states: what a batch is, look by look, before it ends. ends: how; the next batches'
        ends, the last of which stays.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.RLock()
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.looks: Counter[str] = Counter()
        self.submitted: Counter[str] = Counter()
        self.executed: Counter[str] = Counter()
        self.row: Row = lambda body: completion(f"answer to {body['messages'][-1]['content']}")
        self.states: tuple[str, ...] = STATES
        self.ends: list[str] = ["completed"]
        self.errors: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """Connections that a test cuts are no news."""

    def answer(self, call: str, path: str, query: dict[str, list[str]], form: dict[str, Any]) -> tuple[int, Any]:
        name = path.split("/")[2] if path.count("/") > 1 else ""
        if call == "POST /files":
            assert form["purpose"] == b"batch"
            said = {"object": "file", "purpose": "batch", "created_at": int(time.time()), "status": "processed", "filename": "f"}
            return 200, said | {"id": self._file(form["file"]), "bytes": len(form["file"])}
        if call == "GET /files/ID/content" and name in self.files:
            return 200, self.files[name]
        if call == "POST /batches":
            return self._create(form)
        if call == "GET /batches":
            return 200, self._page(query)
        if call == "GET /batches/ID" and name in self.batches:
            return 200, self._look(self.batches[name])
        return 404, {"error": {"message": f"No such object: {name}", "code": None}}

    def _file(self, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return name

    def _create(self, form: dict[str, Any]) -> tuple[int, Any]:
        if form["input_file_id"] not in self.files:
            return 400, {"error": {"message": f"No such File object: {form['input_file_id']}", "param": "input_file_id"}}
        assert form["endpoint"] == "/v1/chat/completions"
        assert all(len(name) <= 64 and len(value) <= 512 for name, value in form["metadata"].items())
        rows = [json.loads(line) for line in self.files[form["input_file_id"]].splitlines()]
        assert len({row["custom_id"] for row in rows}) == len(rows)
        self.submitted.update(row["custom_id"] for row in rows)
        name = f"batch-{len(self.batches) + 1}"
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        counts = {"total": 0, "completed": 0, "failed": 0}
        known = {"id": name, "object": "batch", "created_at": int(time.time()), "status": "validating", "errors": None}
        known |= {"output_file_id": None, "error_file_id": None, "request_counts": counts} | form
        self.batches[name] = known
        self.looks[name] = 0
        known["_end"], known["_rows"] = end, rows
        return 200, _shown(known)

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        names = list(reversed(self.batches))
        start = names.index(query["after"][0]) + 1 if "after" in query else 0
        page = names[start : start + min(int(query["limit"][0]), 2)]  # small pages
        return {"object": "list", "data": [_shown(self.batches[name]) for name in page], "has_more": start + 2 < len(names)}

    def _look(self, batch: dict[str, Any]) -> dict[str, Any]:
        place = self.looks[batch["id"]]
        self.looks[batch["id"]] += 1
        if place < len(self.states):
            batch["status"] = self.states[place]
        elif batch["status"] not in ("completed", "expired", "cancelled", "failed"):
            self._end(batch)
        return _shown(batch)

    def _end(self, batch: dict[str, Any]) -> None:
        batch["status"] = batch["_end"]
        if batch["_end"] == "failed":
            batch["errors"] = {"object": "list", "data": self.errors}
            return
        output, errors = [], []
        for number, row in enumerate(batch["_rows"]):
            found = self.row(row["body"])
            if batch["_end"] == "cancelled" and number % 2:
                found = "cancelled"
            named = {"id": f"batch_req_{number}", "custom_id": row["custom_id"], "response": None, "error": None}
            if found in ("expired", "cancelled"):
                errors.append(named | {"error": EXPIRED if found == "expired" else CANCELLED})
            elif isinstance(found, tuple):
                errors.append(named | {"response": {"status_code": found[0], "request_id": "r", "body": found[1]}})
            elif found is not None:
                self.executed[row["custom_id"]] += 1
                output.append(named | {"response": {"status_code": 200, "request_id": "r", "body": found}})
        output.reverse()  # the order is not that of the requests
        batch["request_counts"] = {"total": len(batch["_rows"]), "completed": len(output), "failed": len(errors)}
        for field, rows in (("output_file_id", output), ("error_file_id", errors)):
            if rows:
                batch[field] = self._file("".join(json.dumps(row) + "\n" for row in rows).encode())


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if not name.startswith("_")}


def status(code: int, headers: dict[str, str] | None = None, message: str = "") -> Fault:
    """An answer with this HTTP status in place of the right one."""

    def fault(handler: Handler) -> None:
        handler.reply(code, {"error": {"message": message or f"fault {code}"}}, {"Connection": "close", **(headers or {})})
        handler.close_connection = True

    return fault


def torn(handler: Handler) -> None:
    """Half of a file, of which nothing says that it is not whole."""
    name = handler.path.split("/")[-2]
    content = handler.server.files[name]
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.close_connection = True


def broken_off(handler: Handler) -> None:
    """Half of a file, whose length is known."""
    content = handler.server.files[handler.path.split("/")[-2]]
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.close_connection = True


def removed(handler: Handler) -> None:
    """A file that is there no more."""
    handler.server.files.pop(handler.path.split("/")[-2])


def unheard(handler: Handler) -> None:
    """A call that is carried out, but whose answer does not arrive."""
    handler.reply = lambda *_: setattr(handler, "close_connection", True)  # type: ignore[method-assign]


def serving_batches() -> AbstractContextManager[BatchServer]:
    """A server in a thread of its own, for as long as the block lasts."""
    return in_a_thread(BatchServer())
