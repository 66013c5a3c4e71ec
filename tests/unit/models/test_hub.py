"""Fetching from a hub on a real socket: whole, broken, gated, wrong, and without room."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from polyglot.models.hub import lock_file
from polyglot.study import paths
from tests.patience import STANDSTILL, wait_until

COMMIT = "a" * 40
TOKEN = "hf_planted0123456789"
WEIGHTS = bytes(range(256)) * 4096


class Handler(BaseHTTPRequestHandler):
    """The part of the hub's protocol that a download uses."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        hub = self.server
        parts = path.strip("/").removeprefix("datasets/").split("/")
        name = "/".join(parts[2:4] if parts[0] == "api" else parts[:2])
        if self.headers.get("Authorization", f"Bearer {TOKEN}") != f"Bearer {TOKEN}":
            return self.refuse(401, "Invalid credentials in Authorization header", body=body)
        known = "Authorization" in self.headers
        if name != "maker/model" and known:
            return self.refuse(404, "Repository not found", "RepoNotFound", body=body)
        if name != "maker/model":
            return self.refuse(401, "Invalid username or password.", body=body)
        if hub.gated and parts[0] != "api":
            said = f"Access to model {name} is restricted" + (" and you are not in the authorized list." if known else ".")
            return self.refuse(403 if known else 401, said, "GatedRepo", body=body)
        if hub.forbidden:
            return self.refuse(403, "enable access to public gated repositories", body=body)
        if parts[0] == "api" and "tree" in parts:
            rows = [
                {
                    "type": "file",
                    "path": file,
                    "size": hub.claimed.get(file, len(content)),
                    "oid": hashlib.sha1(content).hexdigest(),
                }
                for file, content in hub.files.items()
            ]
            return self.reply(200, rows, body=body)
        if parts[0] == "api":
            if "revision" in parts and parts[-1] not in ("main", "v1", *hub.commits):
                return self.refuse(404, f"Invalid rev id: {parts[-1]}", "RevisionNotFound", body=body)
            commit = parts[-1] if parts[-1] in hub.commits else hub.commits[-1]
            siblings = [{"rfilename": file, "size": hub.claimed.get(file, len(content))} for file, content in hub.files.items()]
            return self.reply(200, {"id": name, "sha": commit, "siblings": siblings, "private": False}, body=body)
        file = "/".join(parts[4:])
        content = hub.files[file]
        headers = {"X-Repo-Commit": parts[3], "ETag": f'"{hashlib.sha1(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        first = 0
        if "Range" in self.headers and self.headers["Range"].startswith("bytes="):
            first = int(self.headers["Range"][6:].split("-")[0])
        if body:
            hub.sent[file] += 1
        while body and file in hub.stalled:
            time.sleep(0.02)
        if body and file in hub.broken and hub.broken[file] > 0:
            hub.broken[file] -= 1
            self.send_response(200)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        hub.started[file].append(first)
        return self.raw(206 if first else 200, content[first:], headers, body=body)

    def refuse(self, status: int, message: str, code: str | None = None, *, body: bool) -> None:
        """With the headers that the library tells errors apart by."""
        headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
        self.reply(status, {"error": message}, headers, body=body)

    def reply(self, status: int, value: Any, headers: dict[str, str] | None = None, *, body: bool) -> None:
        self.raw(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})}, body=body)

    def raw(self, status: int, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


class Hub(ThreadingHTTPServer):
    """One repository, and what goes wrong with it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"config.json": b"{}", "model.safetensors": WEIGHTS, "pytorch_model.bin": b"old", "README.md": b"#"}
        self.claimed: dict[str, int] = {}
        self.broken: dict[str, int] = {}
        self.sent: Counter[str] = Counter()
        self.started: dict[str, list[int]] = {file: [] for file in self.files}
        self.stalled: set[str] = set()
        self.commits = [COMMIT]
        self.gated = self.forbidden = False

    def handle_error(self, *_: Any) -> None:
        """Connections that a test cuts are no news."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Fetched(NamedTuple):
    """What a process that fetches says."""

    code: int
    error: str


CODE = """
import sys
from pathlib import Path
from polyglot.models.hub import HubError, fetch
if len(sys.argv) > 5:
    import errno, huggingface_hub.file_download as library
    def http_get(*_, **__):
        raise OSError(getattr(errno, sys.argv[5]), "as told")
    library.http_get = http_get
try:
    folder, wanted = Path(sys.argv[3]), sys.argv[4].split()
    kind = "dataset" if wanted else "model"
    options = {"partial": folder / "partial", "wanted": wanted or None, "licence": "Llama 9", "locked": folder / "lock"}
    fetch(kind, sys.argv[1], sys.argv[2], folder / "model", **options)
except HubError as error:
    sys.exit(f"HubError: {error}")
"""


def started(
    hub: Hub,
    folder: Path,
    name: str = "maker/model",
    revision: str = "v1",
    token: str = "",
    wanted: str = "",
    fails: str = "",
    **variables: str,
) -> subprocess.Popen[str]:
    """In a process of its own: the library reads its environment when it is imported. A download `fails` with that errno."""
    environment = {
        "PATH": str(Path(sys.executable).parent),
        "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "scripts"),
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **({"HF_TOKEN": token} if token else {}),
        **variables,
    }
    command = [sys.executable, "-c", CODE, name, revision, str(folder), wanted, *([fails] if fails else [])]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)


def fetched(hub: Hub, folder: Path, **arguments: str) -> Fetched:
    """What it ends with."""
    job = started(hub, folder, **arguments)
    error = job.communicate(timeout=STANDSTILL)[1]
    return Fetched(job.returncode, error)


def test_a_model_comes_whole_and_its_lock_says_what_it_is(hub: Hub, tmp_path: Path) -> None:
    from polyglot.models.hub import lock

    done = fetched(hub, tmp_path)
    assert done.code == 0, done.error
    model = tmp_path / "model"
    assert (model / "model.safetensors").read_bytes() == WEIGHTS
    assert not (model / "pytorch_model.bin").exists()
    assert not (tmp_path / "partial").exists()
    locked = lock(model)
    assert locked["source"] == {
        "kind": "model",
        "repository": "maker/model",
        "revision": "v1",
        "commit": COMMIT,
        "bytes": len(WEIGHTS) + 3,
    }
    assert locked["files"]["model.safetensors"] == {"sha256": hashlib.sha256(WEIGHTS).hexdigest(), "bytes": len(WEIGHTS)}
    assert set(locked["files"]) == {"config.json", "model.safetensors", "README.md"}


def test_weights_that_are_in_no_other_form_come(hub: Hub, tmp_path: Path) -> None:
    del hub.files["model.safetensors"]
    hub.files["tf_model.h5"] = b"older"
    hub.started |= {file: [] for file in hub.files}
    done = fetched(hub, tmp_path)
    assert done.code == 0, done.error
    assert (tmp_path / "model/pytorch_model.bin").read_bytes() == b"old"
    assert not (tmp_path / "model/tf_model.h5").exists()
    del hub.files["pytorch_model.bin"]
    done = fetched(hub, tmp_path / "other")
    assert (tmp_path / "other/model/tf_model.h5").exists(), done.error


def test_of_a_data_set_only_the_files_that_are_wanted_come(hub: Hub, tmp_path: Path) -> None:
    hub.files |= {"data/train-0.parquet": b"rows", "data/test-0.parquet": b"other"}
    hub.started |= {file: [] for file in hub.files}
    done = fetched(hub, tmp_path, wanted="data/train-*.parquet")
    assert done.code == 0, done.error
    names = {str(path.relative_to(tmp_path / "model")) for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert names == {"data/train-0.parquet", "hub_source.json"}
    hub.files |= {"top-Tagalog.json": b"{}", "inside/a-tagalog.json": b"{}"}
    hub.started |= {file: [] for file in hub.files}
    assert fetched(hub, tmp_path / "any", wanted="**/*[Tt]agalog*.json").code == 0
    names = {path.name for path in (tmp_path / "any/model").rglob("*agalog.json")}
    assert names == {"top-Tagalog.json", "a-tagalog.json"}
    (tmp_path / "other").mkdir()
    done = fetched(hub, tmp_path / "other", wanted="data/nothing-*.parquet")
    assert "has no file that matches data/nothing-*.parquet" in done.error, done.error


def test_a_folder_that_was_there_is_locked_as_it_is(tmp_path: Path) -> None:
    from polyglot.models.hub import lock

    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/config.json").write_text("{}")
    assert lock(tmp_path) == {
        "source": None,
        "files": {"inside/config.json": {"sha256": hashlib.sha256(b"{}").hexdigest(), "bytes": 2}},
    }


def test_a_lock_pins_the_commit_until_the_revision_changes(hub: Hub, tmp_path: Path) -> None:
    from polyglot.core.files import write_json
    from polyglot.models.hub import SOURCE, lock

    def commit(**arguments: str) -> str:
        done = fetched(hub, tmp_path, **arguments)
        assert done.code == 0, done.error
        return str(json.loads((tmp_path / "model" / SOURCE).read_text())["commit"])

    assert commit() == COMMIT
    write_json(lock(tmp_path / "model"), tmp_path / "lock")
    hub.commits.append("b" * 40)
    for revision, newest in (("v1", COMMIT), ("main", "b" * 40), ("v1", COMMIT)):
        shutil.rmtree(tmp_path / "model")
        assert commit(revision=revision) == newest
    shutil.rmtree(tmp_path / "model")
    hub.commits = ["b" * 40]
    done = fetched(hub, tmp_path)
    assert f"no longer has the commit {COMMIT} of {tmp_path / 'lock'}: remove that file" in done.error, done.error
    write_json({"source": None, "files": {}}, tmp_path / "lock")  # of a folder that was there already
    assert commit() == "b" * 40


def test_where_a_folder_is_locked() -> None:
    """The workflow's paths say the same (rules/hub.smk takes them from there)."""
    assert lock_file(Path("elsewhere/hub/datasets/aya")) == Path("elsewhere/hub/locks/datasets/aya.json")
    assert paths.HUB_LOCK.format(hub="elsewhere/hub", kind="datasets", name="aya") == "elsewhere/hub/locks/datasets/aya.json"


def test_a_broken_connection_goes_on_where_it_broke(hub: Hub, tmp_path: Path) -> None:
    hub.files["model.safetensors"] = WEIGHTS * 24  # the library writes pieces of ten megabytes
    hub.broken = {"model.safetensors": 1}
    done = fetched(hub, tmp_path)
    assert done.code == 0, done.error
    assert (tmp_path / "model/model.safetensors").read_bytes() == WEIGHTS * 24
    assert max(hub.started["model.safetensors"]) > 0


def test_a_killed_download_keeps_the_files_that_are_whole(hub: Hub, tmp_path: Path) -> None:
    hub.stalled.add("model.safetensors")
    job = started(hub, tmp_path)
    known = tmp_path / "partial/.cache/huggingface/download/config.json.metadata"  # written once the file is whole
    wait_until(lambda: known.exists() and known.stat().st_size > 0 and bool(hub.sent["model.safetensors"]), tmp_path, job=job)
    job.kill()
    job.wait()
    assert not (tmp_path / "model").exists()
    hub.stalled.clear()
    sent = hub.sent["config.json"]
    done = fetched(hub, tmp_path)
    assert done.code == 0, done.error
    assert hub.sent["config.json"] == sent
    assert (tmp_path / "model/model.safetensors").read_bytes() == WEIGHTS


def test_what_is_wrong_is_said_with_its_remedy(hub: Hub, tmp_path: Path) -> None:
    for arguments, parts in (
        ({"name": "maker/other"}, ["shows no model 'maker/other'", "private ones need a token in HF_TOKEN"]),
        ({"name": "maker/other", "token": TOKEN}, ["shows no model 'maker/other'", "the token in HF_TOKEN may not see it"]),
        ({"revision": "v9"}, ["maker/model has no revision 'v9'"]),
        ({"token": "hf_wrong123"}, ["refuses the token in HF_TOKEN"]),
    ):
        done = fetched(hub, tmp_path, **arguments)
        assert "HubError" in done.error, done.error
        for part in parts:
            assert part in done.error, done.error
        assert "hf_wrong123" not in done.error
    hub.gated = True
    for token in ("", TOKEN):
        done = fetched(hub, tmp_path, token=token)
        assert "maker/model asks for its licence (Llama 9) to be accepted" in done.error, done.error
        assert ("Then set HF_TOKEN" in done.error) is not bool(token)
    hub.forbidden = True
    hub.gated = False
    done = fetched(hub, tmp_path, token=TOKEN)
    assert "the hub answers HTTP 403 (enable access to public gated repositories)" in done.error, done.error


def test_a_hub_that_cannot_be_reached_is_said(hub: Hub, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for variables in ({"HF_ENDPOINT": closed}, {"HTTP_PROXY": closed}, {"HF_HUB_OFFLINE": "1"}):
            done = fetched(hub, tmp_path, **variables)
            assert "HubError: maker/model: http://127.0.0.1" in done.error, done.error
            assert "cannot be reached" in done.error, done.error
            assert f"put the files at {tmp_path / 'model'}" in done.error


@pytest.mark.parametrize("number", ["ENOSPC", "EDQUOT", "EIO"])
def test_a_disk_that_fills_up_is_said(hub: Hub, tmp_path: Path, number: str) -> None:
    done = fetched(hub, tmp_path, fails=number)
    assert done.code != 0
    assert ("HubError: maker/model: the disk of" in done.error) is (number != "EIO"), done.error
    assert not (tmp_path / "model").exists()
    assert fetched(hub, tmp_path).code == 0


def test_no_room_is_said_before_anything_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.claimed = {"model.safetensors": 10**18}
    done = fetched(hub, tmp_path)
    assert "GB free: free space" in done.error, done.error
    assert hub.sent["model.safetensors"] == 0
