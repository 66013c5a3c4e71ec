"""A job that shares its start ends as if it had run by itself, but without freeing what its server has imported."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from polyglot.workflow import shared_starts
from polyglot.workflow.shared_starts import KILLED, VARIABLE
from tests.patience import STANDSTILL

from .test_shared_starts import Place, place

__all__ = ["place"]

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="jobs share their starts on Linux only")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        *(("sys.exit(3)", 3, ""), ("sys.exit(-1)", 255, ""), ("sys.exit('why')", 1, "why\n"), ("sys.exit()", 0, ""), ("", 0, "")),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, "KeyboardInterrupt\n"),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, f"{KILLED}\n"),
        ("1/0", 1, "ZeroDivisionError: division by zero\n"),
        ("sys.stdout = open('/dev/full', 'w'); print(1)", 120, "OSError: [Errno 28] No space left on device\n"),
    ],
)
def test_a_client_ends_as_its_job(place: Place, body: str, status: int, said: str) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
    try:
        job = place.start(body)
    finally:
        signal.signal(signal.SIGINT, before)
    error = job.communicate(timeout=STANDSTILL)[1]
    assert (job.returncode, error[-len(said) :] if said else error) == (status, said)


LOGGED = """
from types import SimpleNamespace
from polyglot.workflow import shared_starts
from polyglot.workflow.job import running
shared_starts.LIBRARIES = {"light": ("decimal",)}
with running(SimpleNamespace(log=["log"], rule="rule", wildcards={}, resources={}, threads=1), environment="light"):
    import os, signal
    print("under way", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_that_a_job_was_killed_stands_in_its_log(place: Place) -> None:
    """As for want of memory: nobody else says it."""
    (place.folder / "job.py").write_text(LOGGED, encoding="utf-8")
    variables = os.environ | {VARIABLE: place.variable}
    done = subprocess.run([sys.executable, "job.py"], cwd=place.folder, env=variables, timeout=STANDSTILL, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (place.folder / "log").read_text().splitlines() == ["under way", KILLED]


@pytest.fixture
def handlers() -> Iterator[None]:
    """What a client does about signals is undone."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def answered(monkeypatch: pytest.MonkeyPatch, text: bytes, *, read: bool) -> socket.socket:
    """A client's connection to a server that answers and hangs up at once, with or without having read the message."""
    client, server = socket.socketpair()
    send = socket.send_fds

    def send_and_sleep(*given: Any) -> int:
        sent = send(*given)
        assert not read or len(server.recv(1 << 20)) == sent
        server.sendall(text)
        server.close()
        return sent

    monkeypatch.setattr(socket, "send_fds", send_and_sleep)
    return client


@pytest.mark.usefixtures("handlers")
def test_a_job_that_has_ended_before_its_client_goes_on_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a short one may on a busy machine: its server has answered and hung up when the client has sent its message."""
    with answered(monkeypatch, b"started 7\nended 256\n", read=True) as client:
        assert shared_starts._served(client, os.getpid()) == 256
    signal.raise_signal(signal.SIGHUP)  # which comes too late for the job


@pytest.mark.usefixtures("handlers")
def test_a_job_that_has_begun_is_not_begun_again_when_its_server_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks with an error where the server has not read all: signals that a closed terminal sent to both."""
    with answered(monkeypatch, b"started 7\n", read=False) as client, pytest.raises(SystemExit, match="was killed"):
        shared_starts._served(client, os.getpid())


@pytest.mark.parametrize("waited_for", [True, False])
def test_a_job_whose_run_has_ended_does_not_go_on_by_itself(place: Place, waited_for: bool) -> None:
    place.run.kill()
    os.waitid(os.P_PID, place.run.pid, os.WEXITED | (0 if waited_for else os.WNOWAIT))
    job = place.start("print('goes on')")
    output, error = job.communicate(timeout=STANDSTILL)
    assert (output, error.splitlines()[-1:], job.returncode) == ("", ["The run has ended, and this job with it."], 1)


LIMITED = """
import os
fork, forks = os.fork, []
def limited():
    if forks:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    forks.append(1)
    return fork()
os.fork = limited
"""
FULL = """
import os, pathlib
def full(*given, **more):
    raise OSError(28, "No space left on device")
pathlib.Path.write_text = full
os.dup2(os.open("/dev/full", os.O_WRONLY), 1), os.dup2(1, 2)
"""


@pytest.mark.parametrize(
    ("harm", "shares", "reason"),
    [
        (
            LIMITED,
            False,
            "this job does not share its start: its process cannot be forked: [Errno 11] Resource temporarily unavailable",
        ),
        (FULL, True, ""),
    ],
)
def test_what_fails_for_one_job_ends_no_other(place: Place, harm: str, shares: bool, reason: str) -> None:
    """No more processes are allowed, or the disk is full, where the libraries are imported."""
    (place.folder / "harm.py").write_text(harm, encoding="utf-8")
    path = os.pathsep.join([str(place.folder), os.environ.get("PYTHONPATH", "")])
    (first, facts), (second, other) = (place.waiting(modules=("harm",), PYTHONPATH=path) for _ in range(2))
    assert facts["reason"] == ""
    assert (other["reason"], other["parent"] == facts["parent"]) == (reason, shares)
    for job in (first, second):
        assert job.communicate("", timeout=STANDSTILL) == ("done\n", "")
        assert job.returncode == 0


def test_what_is_to_run_at_exit_runs(place: Place) -> None:
    assert place.do("import atexit; atexit.register(lambda: print(json.dumps('at exit')))") == "at exit"


def test_what_a_hook_of_this_python_has_registered_runs_in_client_and_job(place: Place) -> None:
    """As coverage's does, which is registered when Python starts."""
    hook = f"import atexit, os; atexit.register(lambda: open({str(place.folder / 'ended')!r}, 'a').write(f'{{os.getpid()}} '))"
    (place.folder / "hooks").mkdir()
    (place.folder / "hooks/sitecustomize.py").write_text(hook, encoding="utf-8")
    path = os.pathsep.join([str(place.folder / "hooks"), os.environ.get("PYTHONPATH", "")])
    job = place.do("print(json.dumps(os.getpid()))", PYTHONPATH=path)
    assert job != place.jobs[-1].pid
    assert {str(job), str(place.jobs[-1].pid)} <= set((place.folder / "ended").read_text().split())


ATEXIT = "import atexit; atexit.register(lambda: open({file!r}, 'a').write('by the library '))"


def test_a_job_ends_without_freeing_what_was_imported(place: Place) -> None:
    """Its threads and exit functions come to their end, those of the libraries too, and files that it has left open are whole."""
    (place.folder / "library.py").write_text(ATEXIT.format(file=str(place.folder / "seen")) + "\nfreed = []", encoding="utf-8")
    body = """
import library, threading
class Freed:
    def __del__(self): os.write(1, b"freed")
library.freed.append(Freed())
left, raw = open("left", "w"), open("raw", "wb")
left.write("text"), raw.write(b"bytes")
threading.Thread(target=lambda: (time.sleep(0.2), open("thread", "w").write("done"))).start()
"""
    job = place.start(
        body, modules=("library",), PYTHONPATH=os.pathsep.join([str(place.folder), os.environ.get("PYTHONPATH", "")])
    )
    assert job.communicate(timeout=STANDSTILL) == ("", "")
    assert job.returncode == 0
    found = {name: (place.folder / name).read_text() for name in ("seen", "left", "raw", "thread")}
    assert found == {"seen": "by the library ", "left": "text", "raw": "bytes", "thread": "done"}
