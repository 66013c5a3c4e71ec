"""Pushing to a hub, on a real socket: private by default, and nothing public without stated licences."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyglot.publishing.push import PushError, push

CARD = "---\nlanguage: sw\nlicense: {licence}\n{name}configs:\n- config_name: default\n---\n# A set\n\n- mine: licence {said}.\n"


class Hub(ThreadingHTTPServer):
    """The part of the hub's protocol that an upload uses: keeps what it is sent."""

    private: bool = True
    made: dict[str, Any]
    files: dict[str, bytes]


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.say({"id": "me/mine", "private": self.server.private, "sha": "a" * 40, "siblings": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/repos/create"):
            self.server.made = json.loads(body)
            return self.say({"url": f"http://{self.headers['Host']}/datasets/me/mine", "name": "me/mine"})
        if "/preupload/" in self.path:
            files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
            return self.say({"files": files})
        if "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            address = f"http://{self.headers['Host']}/datasets/me/mine/commit/{'b' * 40}"
            return self.say({"commitUrl": address, "commitOid": "b" * 40, "success": True, "pullRequestUrl": None})
        return self.say({"warnings": [], "errors": []})

    def say(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_planted0123456789")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with Hub(("127.0.0.1", 0), Handler) as server:
        server.made, server.files = {}, {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def card(folder: Path, *, stated: bool) -> Path:
    words = {"licence": "mit", "name": "", "said": "MIT"} if stated else {"licence": "other", "said": "not stated"}
    text = CARD.format(**({"name": "license_name: licence not stated\n"} | words))
    (folder / "data").mkdir()
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "data/train.jsonl").write_text('{"prompt": "a"}\n', encoding="utf-8")
    return folder


def test_what_has_no_licence_goes_to_private_repositories_only(tmp_path: Path, hub: Hub) -> None:
    folder, endpoint = card(tmp_path, stated=False), f"http://127.0.0.1:{hub.server_port}"
    with pytest.raises(PushError, match=r"mine: licence not stated\.\nState them .*snakemake publish"):
        push(folder, "me/mine", public=True, endpoint=endpoint)
    assert hub.made == {}
    hub.private = False
    with pytest.raises(PushError, match="me/mine is public already"):
        push(folder, "me/mine", endpoint=endpoint)
    assert hub.files == {}
    hub.private = True
    assert push(folder, "me/mine", endpoint=endpoint).endswith("/datasets/me/mine")
    assert hub.made["visibility"] == "private"
    assert set(hub.files) == {"README.md", "data/train.jsonl"}


def test_what_has_licences_may_be_public(tmp_path: Path, hub: Hub) -> None:
    push(card(tmp_path, stated=True), "me/mine", public=True, endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert hub.made["visibility"] == "public"
    assert hub.files["data/train.jsonl"] == b'{"prompt": "a"}\n'


def test_a_folder_without_a_card_is_not_pushed(tmp_path: Path) -> None:
    with pytest.raises(PushError, match="no card; `snakemake publish` makes"):
        push(tmp_path, "me/mine")
