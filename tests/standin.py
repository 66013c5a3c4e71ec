"""A server in the place of vLLM's own, where vLLM is not the point: started by the same command, on the same kind of socket.

It answers each chat with its own words, one after another, and writes down who answered what. Environment variables say more:
STANDIN_ASKED names the file, STANDIN_SECONDS how long an answer takes, STANDIN_FAILS that it never comes up.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TURN = threading.Lock()
CONTEXT = 100_000


def install(folder: Path) -> Path:
    """Put it where `python -m vllm.entrypoints.openai.api_server` finds it; the folder is for a PYTHONPATH."""
    place = folder / "vllm/entrypoints/openai"
    place.mkdir(parents=True)
    for package in (place, *place.parents[:2]):
        (package / "__init__.py").write_text("")
    shutil.copy2(__file__, place / "api_server.py")
    return folder


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.reply(200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {os.environ['VLLM_API_KEY']}":
            self.reply(401, {"error": "Unauthorized"})
        elif self.path == "/v1/embeddings":
            rows = [
                {"object": "embedding", "index": place, "embedding": [len(text), 1.0]} for place, text in enumerate(body["input"])
            ]
            self.reply(200, {"object": "list", "data": rows, "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        else:
            self.chat(body)

    def chat(self, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"]
        count = len(asked)
        if self.path == "/tokenize":
            self.reply(200, {"count": count, "max_model_len": CONTEXT})
        elif count >= CONTEXT:
            self.reply(400, {"error": {"message": "too long"}})
        else:
            with TURN:
                time.sleep(float(os.environ.get("STANDIN_SECONDS", "0")))
                self.write_down(body)
                message = {"role": "assistant", "content": f"answer to {asked}"}
                choice = {"index": 0, "finish_reason": "stop", "message": message}
                usage = {"prompt_tokens": count, "completion_tokens": 4, "total_tokens": count + 4}
                whole = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
                self.reply(200, whole)

    def write_down(self, body: dict[str, Any]) -> None:
        if "STANDIN_ASKED" in os.environ:
            with Path(os.environ["STANDIN_ASKED"]).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"server": os.getpid(), "body": body}) + "\n")

    def reply(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_: Any) -> None:
        """Clients that have gone are no news."""


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int)
    given, others = options.parse_known_args()
    if "STANDIN_FAILS" in os.environ:
        sys.exit("ValueError: no such architecture")
    Server(("127.0.0.1", given.port), Handler).serve_forever()
