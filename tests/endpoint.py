"""An endpoint on a real socket that speaks the OpenAI protocol and misbehaves as told."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

Fault = Callable[["Handler"], None]
Serving = TypeVar("Serving", bound=ThreadingHTTPServer)
Behaviour = Callable[[dict[str, Any]], tuple[int, Any]]
"""What is answered to a body: HTTP status and body."""
KEY = "sk-planted-0123456789"


class Handler(BaseHTTPRequestHandler):
    """Answers with the request's own words, or what a server behind this one says; every fault of the plan comes first."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = self.asked = body["messages"][-1]["content"]
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.asked[asked] += 1
            self.server.under_way += 1
            self.server.most = max(self.server.most, self.server.under_way)
            faults = self.server.faults.get(asked, [])
            fault = faults.pop(0) if faults else None
        try:
            time.sleep(self.server.delay)
            if fault is not None:
                fault(self)
            elif self.headers["Authorization"] != f"Bearer {KEY}":
                self.reply(401, {"error": {"message": f"Incorrect API key: {self.headers['Authorization']}"}})
            elif self.server.behave is not None:
                self.reply(*self.server.behave(body))
            elif self.server.upstream:
                self.forward(body)
            else:
                self.reply(200, completion(f"answer to {asked}"))
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def forward(self, body: dict[str, Any]) -> None:
        """The answer of the server behind this one."""
        headers = {"Content-Type": "application/json"}
        headers["Authorization"] = f"Bearer {self.server.upstream_key}"
        request = urllib.request.Request(f"{self.server.upstream}{self.path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=120) as response:
            self.reply(response.status, response.read())

    def reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """What was asked, and what goes wrong."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.faults: dict[str, list[Fault]] = {}
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.under_way = self.most = 0
        self.delay = 0.0
        self.upstream, self.upstream_key = "", KEY
        self.behave: Behaviour | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """Connections that a test cuts are no news."""


def completion(text: str, reason: str = "stop") -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
    }


def status(code: int, headers: dict[str, str] | None = None, body: Any = None) -> Fault:
    return lambda handler: handler.reply(code, body or {"error": {"message": f"fault {code}"}}, headers)


def garbage(handler: Handler) -> None:
    handler.reply(200, b'{"choices": [{"mess')


def no_choices(handler: Handler) -> None:
    handler.reply(200, {"id": "c", "choices": []})


def a_page(handler: Handler) -> None:
    handler.reply(200, b"<html>gateway</html>")


def cut(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut_in_the_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "c"')
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def drips(handler: Handler) -> None:
    """Empty lines that keep a connection alive, for longer than an answer may take."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b"1\r\n\n\r\n")
        handler.wfile.flush()
        time.sleep(0.1)


def too_late(handler: Handler) -> None:
    time.sleep(1.5)


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a thread of its own, for as long as the block lasts."""
    with in_a_thread(Server()) as server:
        yield server


@contextmanager
def in_a_thread(server: Serving) -> Iterator[Serving]:
    """The same of any server."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
