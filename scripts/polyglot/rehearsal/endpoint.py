"""An endpoint on this machine that speaks the OpenAI protocol as documented, in place of a commercial one: nothing is spent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from polyglot.rehearsal.teachers import formed


class Handler(BaseHTTPRequestHandler):
    """Answers a chat completion with words of the request, in the form that it asks for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = str(body["messages"][-1]["content"])
        shape = (body.get("response_format") or {}).get("json_schema") or {}
        number = int(body.get("seed") or len(asked)) % 10**6
        text = formed(asked[:80], asked, shape.get("schema"), judges=False, number=number)
        message = {"role": "assistant", "content": text, "refusal": None}
        counts = {"prompt_tokens": len(asked) // 4 + 1, "completion_tokens": len(text) // 4 + 1}
        answer = {
            "id": "chatcmpl-rehearsal",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model", ""),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": counts | {"total_tokens": sum(counts.values())},
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(kept: Path) -> Iterator[str]:
    """The address of an endpoint, for as long as the block lasts.

    Args:
        kept: a file with the port of the last time, which is taken again where it is free: the address is a setting of models.
    """
    port = int(kept.read_text()) if kept.is_file() else 0
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(str(server.server_port))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
