"""Pushing to a hub, on a real socket: private by default, and nothing public without stated licences."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.__main__ import main
from polyglot.core.files import write_parquet
from polyglot.publishing.push import PushError, prepare, push

CARD = "---\nlanguage: sw\nlicense: {licence}\n{name}configs:\n- config_name: default\n---\n# A set\n\n- mine: licence {said}.\n"


class Hub(ThreadingHTTPServer):
    """The part of the hub's protocol that an upload uses: keeps what it is sent."""

    private: bool = True
    made: dict[str, Any]
    files: dict[str, bytes]
    stored: dict[str, bytes]
    """Large files by their SHA-256, which arrive before the commit that names them."""
    sent: int = 0
    refuses: int | None = None
    """The status that the next commit is answered with."""


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        if not self.headers.get("Authorization"):
            return self.say({"error": "Invalid username or password."}, 401)
        self.say({"id": "me/mine", "private": self.server.private, "sha": "a" * 40, "siblings": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/repos/create"):
            if not self.headers.get("Authorization"):
                return self.say({"error": "Invalid username or password."}, 401)
            self.server.made = json.loads(body)
            return self.say({"url": f"http://{self.headers['Host']}/datasets/me/mine", "name": "me/mine"})
        if "/preupload/" in self.path:
            named = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith((".parquet", ".safetensors")) else "regular" for name in named}
            return self.say(
                {"files": [{"path": name, "uploadMode": mode, "shouldIgnore": False} for name, mode in modes.items()]}
            )
        if self.path.endswith("/info/lfs/objects/batch"):
            objects = [self.wanted(one) for one in json.loads(body)["objects"]]
            return self.say({"transfer": "basic", "objects": objects})
        if "/commit/" in self.path:
            if self.server.refuses:
                return self.say({"error": "no"}, self.server.refuses)
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                if line["key"] == "lfsFile":
                    self.server.files[line["value"]["path"]] = self.server.stored[line["value"]["oid"]]
            address = f"http://{self.headers['Host']}/datasets/me/mine/commit/{'b' * 40}"
            return self.say({"commitUrl": address, "commitOid": "b" * 40, "success": True, "pullRequestUrl": None})
        return self.say({"warnings": [], "errors": []})

    def do_PUT(self) -> None:
        self.server.stored[self.path.rpartition("/")[2]] = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent += 1
        self.say({})

    def wanted(self, one: dict[str, Any]) -> dict[str, Any]:
        """Where a large file goes; nowhere if it is there (git-lfs, docs/api/batch.md)."""
        there = one["oid"] in self.server.stored
        where = {"upload": {"href": f"http://{self.headers['Host']}/large/{one['oid']}", "header": {}}}
        return {"oid": one["oid"], "size": one["size"], **({} if there else {"actions": where})}

    def say(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_planted0123456789")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with Hub(("127.0.0.1", 0), Handler) as server:
        server.made, server.files, server.stored = {}, {}, {}
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


def test_a_push_that_was_cut_off_sends_no_large_file_twice(tmp_path: Path, hub: Hub) -> None:
    folder, endpoint = card(tmp_path, stated=True), f"http://127.0.0.1:{hub.server_port}"
    write_parquet(pd.DataFrame({"prompt": ["a", "b"]}), folder / "data/train.parquet")
    hub.refuses = 400
    with pytest.raises(PushError, match="the hub said 400; ask for the push again"):
        push(folder, "me/mine", endpoint=endpoint)
    assert (hub.sent, hub.files) == (1, {})
    hub.refuses = None
    push(folder, "me/mine", endpoint=endpoint)
    assert hub.sent == 1
    assert hub.files["data/train.parquet"] == (folder / "data/train.parquet").read_bytes()


def test_a_student_goes_with_its_model(tmp_path: Path, hub: Hub) -> None:
    folder, model = tmp_path / "published/students/one/0", tmp_path / "students/one/0"
    for one in (folder, model):
        one.mkdir(parents=True)
    (folder / "README.md").write_text("---\nbase_model: b\nlicense: mit\n---\n# A student\n", encoding="utf-8")
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"\0" * 2000)
    upload = prepare(folder)
    assert upload.sizes == {"config.json": 2, "model.safetensors": 2000, "README.md": 47}
    push(folder, "me/mine", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert set(hub.files) == set(upload.sizes)
    assert hub.made["type"] == "model"


def test_a_dry_run_says_what_goes_where_and_asks_no_hub(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = card(tmp_path, stated=False)
    (folder / "data/train.jsonl").write_text("x" * 12_300, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{hub.server_port}")
    main(["publish", str(folder), "--to", "me/mine", "--dry-run"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "would push 2 files, 12.4 kB, to the private dataset me/mine; nothing was sent"
    assert said[1:] == ["      138 B  README.md", "    12.3 kB  data/train.jsonl", said[-1]]
    assert said[-1] == "  without a licence, so it must stay private: mine: licence not stated."
    assert (hub.made, hub.files) == ({}, {})
    with pytest.raises(SystemExit, match="what is public needs stated licences"):
        main(["publish", str(folder), "--to", "me/mine", "--dry-run", "--public"])


def test_what_is_meant_to_be_private_does_not_go_to_a_public_repository(tmp_path: Path, hub: Hub) -> None:
    hub.private = False
    with pytest.raises(PushError, match="me/mine is public already: name a private repository, or add --public"):
        push(card(tmp_path, stated=True), "me/mine", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert hub.files == {}


@pytest.mark.parametrize(("status", "said"), [(401, "hf auth login"), (403, "your token may not write"), (404, "check OWNER")])
def test_what_the_hub_refuses_has_a_remedy(tmp_path: Path, hub: Hub, status: int, said: str) -> None:
    hub.refuses = status
    with pytest.raises(PushError, match=rf"me/mine: the hub said {status}; .*{said}"):
        push(card(tmp_path, stated=True), "me/mine", endpoint=f"http://127.0.0.1:{hub.server_port}")


def test_who_has_no_token_is_told_how_to_log_in(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(PushError, match=r"me/mine: the hub said 401; .*run `hf auth login`, or set HF_TOKEN"):
        push(card(tmp_path, stated=True), "me/mine", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert hub.files == {}


def test_a_hub_that_cannot_be_reached_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(PushError, match=r"me/mine: the hub cannot be reached .*; ask for the push again"):
        push(card(tmp_path, stated=True), "me/mine", endpoint="http://127.0.0.1:9")


def test_a_name_that_is_none_is_said(tmp_path: Path, hub: Hub) -> None:
    with pytest.raises(PushError, match="--to a/b/c: no name of a repository; write OWNER/NAME"):
        push(card(tmp_path, stated=True), "a/b/c", endpoint=f"http://127.0.0.1:{hub.server_port}")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = card(tmp_path, stated=True)
    (folder / "data/train.parquet").write_bytes(b"PAR1" * 1000)
    with pytest.raises(PushError, match=r"(?s)train\.parquet.*; run `snakemake publish` again"):
        prepare(folder)


def test_files_of_caches_stay_here(tmp_path: Path, hub: Hub) -> None:
    folder = card(tmp_path, stated=True)
    (folder / "data/.cache").mkdir()
    (folder / "data/.cache/one").write_text("x", encoding="utf-8")
    (folder / ".snakemake_timestamp").touch()
    upload = prepare(folder)
    push(folder, "me/mine", endpoint=f"http://127.0.0.1:{hub.server_port}")
    assert set(hub.files) == set(upload.sizes) == {"README.md", "data/train.jsonl"}


def test_a_folder_without_a_card_is_not_pushed(tmp_path: Path) -> None:
    with pytest.raises(PushError, match="no card; `snakemake publish` makes"):
        push(tmp_path, "me/mine")
