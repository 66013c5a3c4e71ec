"""The process that keeps a server: starts it, says where it is, and ends it with the submission.

    python -m polyglot.engines.server_keeper FOLDER

It watches three things: the submission's process, also when that is killed; the server; and whether any job has used the server
of late. It outlives the job that started it.
"""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyglot.core.devices import visible_gpus
from polyglot.engines.server import PATIENCE, SERVER, Address, Order, Place, Served, end_group
from polyglot.registry.models import Model

NAME = "model"
"""The model's name at the server."""
QUIET = {"disable_uvicorn_access_log": True, "uvicorn_log_level": "warning"}
BEAT = 0.5
"""Seconds between two looks at all that is watched."""
PR_SET_PDEATHSIG = 1


def command_line(served: Served, port: int, *, gpu: bool) -> list[str]:
    """What starts vLLM's server: with the arguments of the engine in a job's own process, as options."""
    from polyglot.engines.vllm_engine import chat_arguments, embedding_arguments

    given = chat_arguments if served.does == "chat" else embedding_arguments
    arguments = given(Path(served.folder), Model.model_validate(served.model), gpu=gpu)
    own: dict[str, Any] = {"host": "127.0.0.1", "port": port, "served_model_name": NAME, **QUIET}
    if served.chat_template is not None:
        own["chat_template"] = served.chat_template
    return [sys.executable, "-m", SERVER, *options(arguments | own)]


def options(arguments: dict[str, Any]) -> list[str]:
    """Arguments as vLLM's options: `--no-X` for a switch that is off, JSON for what has parts."""
    said = []
    for name, value in arguments.items():
        option = name.replace("_", "-")
        if value is None:
            continue
        if isinstance(value, bool):
            said.append(f"--{option}" if value else f"--no-{option}")
        else:
            said += [f"--{option}", json.dumps(value) if isinstance(value, dict | list) else str(value)]
    return said


def end_with_parent() -> None:
    """Between fork and exec: the server ends also when its keeper is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(port: int) -> bool:
    """Whether a server says that it is ready; the node's proxies are not asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Keeper:
    """Keeps one server.

    Args:
        folder: see `polyglot.engines.server.Place`.
    """

    def __init__(self, folder: Path) -> None:
        self.place, self.order = Place(folder), Order.read(folder)
        self.stopped = False
        self.used = time.monotonic()

    def keep(self) -> int:
        """Until one of the three ends; an exit status of 1 says that it was the server."""
        if self.place.lock("keeper", fcntl.LOCK_EX, wait=PATIENCE) is None:
            return 0
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        try:
            submission = os.pidfd_open(self.order.submission)
        except ProcessLookupError:
            return 0
        server, address = self._started()
        try:
            return self._watched(submission, server, address)
        finally:
            self.place.folder.joinpath("address.json").unlink(missing_ok=True)
            end_group(server.pid)

    def _stop(self, *_: Any) -> None:
        self.stopped = True

    def _started(self) -> tuple[subprocess.Popen[bytes], Address]:
        from polyglot.engines.vllm_engine import variables

        gpu, port, key = visible_gpus() > 0, free_port(), secrets.token_urlsafe(32)
        environment = variables(gpu=gpu) | os.environ | {"VLLM_API_KEY": key}
        command = command_line(self.order.served, port, gpu=gpu)
        print(" ".join(command), flush=True)
        server = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=end_with_parent)
        address = Address(f"http://127.0.0.1:{port}", key, os.getpid(), server.pid)
        self.place.write("address.json", vars(address))
        return server, address

    def _watched(self, submission: int, server: subprocess.Popen[bytes], address: Address) -> int:
        watch = select.poll()
        for file in (submission, os.pidfd_open(server.pid)):
            watch.register(file, select.POLLIN)
        while not self.stopped and not _ended(submission):
            if server.poll() is not None:
                with (self.place.folder / "crashes").open("a", encoding="utf-8") as file_:
                    file_.write(("ready" if address.ready else "starting") + "\n")
                print(f"the server has ended by itself, with status {server.returncode}", flush=True)
                return 1
            if not address.ready and healthy(int(address.url.rpartition(":")[2])):
                address = replace(address, ready=True)
                self.place.write("address.json", vars(address))
            if address.ready and self._idle():
                print(f"no job has used the server for {self.order.idle:,.0f} seconds", flush=True)
                return 0
            watch.poll(BEAT * 1000)
        return 0

    def _idle(self) -> bool:
        if self.place.locked("users"):
            self.used = time.monotonic()
        return time.monotonic() - self.used > self.order.idle


def _ended(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], 0)[0])


if __name__ == "__main__":
    sys.exit(Keeper(Path(sys.argv[1])).keep())
