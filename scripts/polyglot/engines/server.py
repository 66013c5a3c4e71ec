"""One engine for the jobs of a submission: vLLM's own server, found running or started, on the loopback interface.

The first job that asks has a process started that keeps the server (`polyglot.engines.server_keeper`); those after it find its
address in a file of the submission's folder. A server that has crashed is started again by the next question, a few times. What
others on the node must not know, the key, is in that file, which this user alone can read, and in the server's environment.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

from filelock import FileLock

from polyglot.core.errors import Foreseen
from polyglot.core.hashing import content_id
from polyglot.core.starter import order, with_library, write_privately
from polyglot.core.submission import Submission
from polyglot.registry.models import Model

KEEPER = "polyglot.engines.server_keeper"
SERVER = "vllm.entrypoints.openai.api_server"
RESTARTS = 3
"""How often a server that has crashed is started again in one submission."""
IDLE = 600.0
"""Seconds after which a server that no job uses is ended."""
PAUSE = 0.1
"""Seconds between two looks at a server that starts or ends."""
MOMENT = 5.0
"""Seconds for a lock that others take to ask who has it."""
PATIENCE = 60.0
"""Seconds for a server to end."""
LINES = 15
"""Of a server's log in an error."""


class ServerError(Foreseen, RuntimeError):
    """The server cannot be had; the message has the end of its log."""


@dataclass(frozen=True)
class Served:
    """What a server is started for: a model's folder, its entry in the registry, a chat template in place of its own, and whether
    it answers chats or embeds texts."""

    folder: str
    model: dict[str, Any]
    does: Literal["chat", "embed"] = "chat"
    chat_template: str | None = None

    @classmethod
    def of(cls, folder: Path, model: Model, does: Literal["chat", "embed"], chat_template: Path | None = None) -> Served:
        template = str(chat_template.resolve()) if chat_template else None
        return cls(str(folder.resolve()), model.model_dump(mode="json"), does, template)

    @property
    def id(self) -> str:
        return content_id(json.dumps(asdict(self), sort_keys=True))


@dataclass(frozen=True)
class Order:
    """What a keeper is told, in the file `order.json` of its folder."""

    served: Served
    submission: int
    log: str
    idle: float

    @classmethod
    def read(cls, folder: Path) -> Order:
        said = json.loads((folder / "order.json").read_text(encoding="utf-8"))
        return cls(**said | {"served": Served(**said["served"])})


@dataclass(frozen=True)
class Address:
    """Where a server answers, and the key that it asks for."""

    url: str
    key: str
    keeper: int
    server: int
    ready: bool = False


class Place:
    """A server's folder: `keeper` and `users` are locked by whom they name, `address.json` is there while a server is, `crashes`
    has a line for each time that it ended by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: Any) -> None:
        """A file that this user alone can read, whole or not at all."""
        write_privately(self.folder / name, content)

    @property
    def address(self) -> Address | None:
        try:
            return Address(**json.loads((self.folder / "address.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    @property
    def crashes(self) -> list[str]:
        """`ready` or `starting`: how far the server had come."""
        with suppress(FileNotFoundError):
            return (self.folder / "crashes").read_text(encoding="utf-8").split()
        return []

    def lock(self, name: str, how: int, wait: float = 0.0) -> int | None:
        """An open file with this lock, which lasts as long as this process; None if others keep it for longer than one waits."""
        file, end = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600), time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(file)
                    return None
                time.sleep(PAUSE / 10)

    def locked(self, name: str) -> bool:
        """Whether another process has a lock. One who asks has it for a moment; so who wants it waits for a moment."""
        file = self.lock(name, fcntl.LOCK_EX)
        if file is not None:
            os.close(file)
        return file is None


class SharedServer:
    """The server of a model in a submission, for one job. It is started when its address is first asked for.

    Args:
        title: the model's name in the names of logs.
        idle: seconds after which it is ended when no job uses it.
    """

    def __init__(self, submission: Submission, served: Served, title: str, *, idle: float = IDLE) -> None:
        self.submission, self.served, self.title, self.idle = submission, served, title, idle
        self.log = submission.log(title)
        self._used: int | None = None

    def address(self, given_up: Event | None = None) -> Address:
        """Where the server answers, once it does.

        Args:
            given_up: set by who no longer waits.

        Raises:
            ServerError: if it does not start, or has crashed too often.
        """
        place = Place(self.submission.place(self.served.id))
        if self._used is None:
            self._used = place.lock("users", fcntl.LOCK_SH, wait=MOMENT)
        with FileLock(place.folder / "lock"):
            found, given_up = self._running(place), given_up or Event()
            while found is None:
                crashes = place.crashes
                if len(crashes) > RESTARTS or crashes[:1] == ["starting"]:
                    raise ServerError(self._said(crashes))
                if given_up.is_set():
                    raise ServerError(f"the job ends while vLLM's server for {self.title} starts")
                self._end_others(place)
                found = self._started(place, given_up)
            return found

    def _running(self, place: Place) -> Address | None:
        known = place.address
        return known if known is not None and known.ready and place.locked("keeper") else None

    def _started(self, place: Place, given_up: Event) -> Address | None:
        """The server's address as soon as it is ready; None if it has ended before, or nobody waits any longer."""
        left = place.address
        if left is not None and SERVER.encode() in _command(left.server):  # its keeper was killed
            end_group(left.server)
        place.write("order.json", asdict(Order(self.served, self.submission.pid, str(self.log.resolve()), self.idle)))
        command, crashed = [sys.executable, "-m", KEEPER, str(place.folder)], len(place.crashes)
        (place.folder / "address.json").unlink(missing_ok=True)
        try:
            ended = order(place.folder.parent, f"{place.folder.name}/start", command, with_library(), self.log)
        except OSError as error:
            raise ServerError(f"vLLM's server for {self.title} cannot be started: {error}") from None
        print(f"engine: vLLM's server for {self.title}; its log is {self.log}")
        while not ended.exists() and not given_up.is_set():
            known = place.address
            if known is not None and known.ready:
                return known
            time.sleep(PAUSE)
        if not given_up.is_set() and len(place.crashes) == crashed:  # not even a server to crash
            raise ServerError(self._said(["starting"]))
        return None

    def _end_others(self, place: Place) -> None:
        """The submission's other servers that no job uses: their memory is wanted."""
        for folder in place.folder.parent.iterdir():
            other = Place(folder)
            known = other.address if folder.is_dir() and folder != place.folder else None
            if known is None or other.locked("users"):
                continue
            with suppress(ProcessLookupError):
                os.kill(known.keeper, signal.SIGTERM)
            end = time.monotonic() + PATIENCE
            while other.address is not None and other.locked("keeper") and time.monotonic() < end:
                time.sleep(PAUSE)

    def _said(self, crashes: list[str]) -> str:
        how = "has not come up" if crashes[:1] == ["starting"] else f"has crashed {len(crashes)} times"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:] if self.log.is_file() else []
        return "\n".join([f"vLLM's server for {self.title} {how}; the end of {self.log}:", *lines])


def _command(process: int) -> bytes:
    """The command line of a process; empty if there is none."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def end_group(leader: int, patience: float = 10.0) -> None:
    """End a process and its group: asked first, killed then."""
    for how, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, how)
        end = time.monotonic() + seconds
        while how == signal.SIGTERM and _group_lives(leader) and time.monotonic() < end:
            time.sleep(PAUSE)


def _group_lives(leader: int) -> bool:
    """Whether any process of a group is there that is not dead and only unnoticed by its parent."""
    with suppress(ChildProcessError):
        os.waitpid(leader, os.WNOHANG)
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
