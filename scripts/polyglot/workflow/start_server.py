"""A process that has imported libraries once, and is forked for each job that needs them.

`polyglot.workflow.shared_starts` starts it and talks to it. It imports Python's standard library and the modules that it is told,
nothing else, so that every job reads the project's own code anew.

The process that is started ends as soon as clients can connect; its fork imports, and serves them. A client sends one message:
its length, and JSON (script, arguments, folder, environment, kept, path, umask), with its standard input, output and error as
file descriptors. `kept` says how variables begin that are the server's for the job too. The answers are lines: `refused WHY`, or
`started PID` and later `ended STATUS` (as waitpid gives it). While the job runs, each byte that the client sends is a signal for
the job; if the client is gone, the job is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
PATIENCE = 30.0
"""Seconds that a client may take to send its message."""
NOT_INITIALIZED = 3
"""CUDA_ERROR_NOT_INITIALIZED of CUDA's driver."""
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that OpenBLAS takes its number of threads from, the first that is set."""
CREDENTIALS = "3i"
"""Process, user and group of the other end of a socket (SO_PEERCRED)."""


@dataclass
class Job:
    """A running job.

    Attributes:
        note: file that is named by the client's process and holds the job's.
    """

    client: socket.socket
    pid: int
    note: Path

    def signal(self, number: int) -> None:
        """To the job and the processes that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Server:
    """Forks itself for each client.

    Args:
        listener: the socket that clients connect to.
        place: the path of that socket.
        run: the process that the server ends with, also if that is killed.
        idle: seconds without a job after which the server ends.
    """

    def __init__(self, listener: socket.socket, place: Path, run: int, idle: float) -> None:
        self._listener, self._place, self._idle = listener, place, idle
        self._run = os.pidfd_open(run)
        self._jobs: dict[int, Job] = {}
        self._wakes, self._woken = socket.socketpair()
        for end in (self._listener, self._wakes, self._woken):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        for source in (self._run, self._listener, self._woken):
            self._selector.register(source, selectors.EVENT_READ)

    def serve(self) -> dict[str, Any] | None:
        """Serve until the run ends, or nobody has come for long: None. In a fork: the message of the job that it is to run."""
        while True:
            ready = [key.fileobj for key, _ in self._selector.select(None if self._jobs else self._idle)]
            if self._run in ready or not ready:
                self._end()
                return None
            if self._woken in ready:
                self._woken.recv(4096)
                self._reap()
            for job in [job for job in self._jobs.values() if job.client in ready]:
                self._listen(job)
            if self._listener in ready:
                client = self._listener.accept()[0]
                message = self._serve(client)
                if message is not None:
                    return message

    def _serve(self, client: socket.socket) -> dict[str, Any] | None:
        """Fork for a client: None in the server, the client's message in the fork."""
        server = os.getpid()
        streams: list[int] = []
        try:
            client.settimeout(PATIENCE)
            asks = socket_owner(client)
            message, streams = _receive(client)
            refused = why_not_to_fork()
            job = 0 if refused else os.fork()
        except (OSError, ValueError) as error:
            refused = f"its process cannot be forked: {error}"
            say(f"a client is not served: {error}")
        if not refused and job == 0:
            self._leave(client, streams, server)
            return message
        for stream in streams:
            os.close(stream)
        if refused:
            with contextlib.suppress(OSError):
                client.sendall(f"refused {refused}\n".encode())
            client.close()
        else:
            self._follow(Job(client, job, self._place.parent / str(asks)))
        return None

    def _follow(self, job: Job) -> None:
        say(f"process {job.pid} does the job of process {job.note.name}")
        with contextlib.suppress(OSError):
            os.setpgid(job.pid, job.pid)  # the fork does it too: whoever comes first
        self._jobs[job.pid] = job
        with contextlib.suppress(OSError):  # without it, the job's time and memory are not measured
            job.note.write_text(str(job.pid), encoding="utf-8")
        self._selector.register(job.client, selectors.EVENT_READ)
        with contextlib.suppress(OSError):
            job.client.sendall(f"started {job.pid}\n".encode())

    def _listen(self, job: Job) -> None:
        """Pass signals on; a client that is gone takes its job with it."""
        try:
            signals = job.client.recv(64)
        except OSError:
            signals = b""
        for number in signals or [signal.SIGKILL]:
            job.signal(number)
        if not signals:
            self._selector.unregister(job.client)

    def _reap(self) -> None:
        for pid, job in list(self._jobs.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if not found:
                continue
            del self._jobs[pid]
            job.note.unlink(missing_ok=True)
            with contextlib.suppress(KeyError):
                self._selector.unregister(job.client)
            with contextlib.suppress(OSError):
                job.client.sendall(f"ended {status}\n".encode())
            job.client.close()

    def _end(self) -> None:
        """Who has connected in the last moment finds the socket closed, and starts another server."""
        self._place.unlink(missing_ok=True)
        for job in self._jobs.values():
            job.signal(signal.SIGKILL)
            job.note.unlink(missing_ok=True)

    def _leave(self, client: socket.socket, streams: Sequence[int], server: int) -> None:
        """In the fork: become a process of its own, which dies with the server."""
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        self._selector.close()
        for held in (self._listener, self._wakes, self._woken, client, *(job.client for job in self._jobs.values())):
            held.close()
        for descriptor in (self._run, *streams):
            os.close(descriptor)


def why_not_to_fork() -> str:
    """What makes a fork of this process unsafe; nothing if none."""
    threads = len(os.listdir("/proc/self/task"))
    torch: Any = sys.modules.get("torch")
    if (torch is not None and torch.cuda.is_initialized()) or driver_is_in_use():
        return "CUDA is in use"
    return f"{threads} threads run" if threads > 1 else ""


def driver_is_in_use() -> bool:
    """Whether CUDA's driver was initialised in this process, by whatever library: a question for the number of GPUs is enough."""
    try:
        driver = ctypes.CDLL("libcuda.so.1", mode=os.RTLD_NOLOAD)
    except OSError:  # no library has loaded it
        return False
    return bool(driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) != NOT_INITIALIZED)


def give_openblas_its_threads(variables: Mapping[str, str]) -> None:
    """Give a job the threads of OpenBLAS that its variables ask for, at most one for each core: numpy and scipy, which read them
    when they are imported, were imported with one."""
    asked = next((variables[name] for name in BLAS_THREADS if variables.get(name)), "")
    cores = len(os.sched_getaffinity(0))
    threads = min(int(asked), cores) if asked.isdigit() else cores
    if threads < 2:
        return
    loaded = {line.split()[-1] for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines() if "openblas" in line}
    for library in map(ctypes.CDLL, sorted(loaded)):
        for start, end in ((start, end) for start in ("", "scipy_") for end in ("", "64_")):
            if hasattr(library, f"{start}openblas_set_num_threads{end}"):
                getattr(library, f"{start}openblas_set_num_threads{end}")(threads)


def socket_owner(connection: socket.socket) -> int:
    """The process at the other end.

    Raises:
        PermissionError: if it is another user's.
    """
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(CREDENTIALS))
    pid, user, _ = struct.unpack(CREDENTIALS, found)
    if user != os.getuid():
        raise PermissionError(f"it is of user {user}")
    return int(pid)


def framed(content: dict[str, Any]) -> bytes:
    """A message as it is sent."""
    text = json.dumps(content).encode()
    return struct.pack("!I", len(text)) + text


def _receive(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, streams, _, _ = socket.recv_fds(client, 1 << 16, 3)
    while len(data) < 4 or len(data) < 4 + struct.unpack("!I", data[:4])[0]:
        more = client.recv(1 << 16)
        if not more:
            raise ValueError("its message breaks off")
        data += more
    return json.loads(data[4:]), streams


def run(message: dict[str, Any]) -> None:
    """Run a job's script as `python SCRIPT` would."""
    os.chdir(message["folder"])
    kept = {name: value for name, value in os.environ.items() if name.startswith(tuple(message["kept"]))}
    os.environ.clear()
    os.environ.update(message["environment"] | kept)
    give_openblas_its_threads(os.environ)
    os.umask(message["umask"])
    sys.argv[:] = message["arguments"]
    sys.path[:] = message["path"]
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()  # otherwise each fork would draw the same numbers; Python's own generator sees to it itself
    gc.enable()
    script = Path(message["script"])
    main = types.ModuleType("__main__")
    main.__dict__["__file__"] = str(script)
    sys.modules["__main__"] = main
    exec(compile(script.read_bytes(), str(script), "exec"), main.__dict__)


class Ending:
    """Ends a job once its script, its threads and its exit functions are through. Python would then free all that the server has
    imported, object by object, and the fork would first get a copy of all that memory: 0.12 to 0.36 CPU seconds a job.

    It is an exit function itself, and the last to run: what was registered before it would never run. So Python ends the process
    by itself where this Python's start has registered any, as a hook in site-packages may (that of coverage does).
    """

    status: int | None = None
    """The exit status; None if Python is to end the process."""

    def __enter__(self) -> None:
        """The job begins."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: types.TracebackType | None) -> None:
        if isinstance(error, SystemExit):
            code = error.code
            self.status = 0 if code is None else code & 0xFF if isinstance(code, int) else 1
        elif not isinstance(error, KeyboardInterrupt):  # which ends a process by its signal
            self.status = 0 if error is None else 1

    def __call__(self) -> None:
        if self.status is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        except Exception:
            return  # Python tells it
        for kind in (io.TextIOWrapper, io.BufferedIOBase):  # a text's last part goes by way of its buffer
            for left in [one for one in gc.get_objects() if issubclass(type(one), kind)]:
                with contextlib.suppress(Exception):
                    left.flush()
        ctypes.CDLL(None).fflush(None)
        os._exit(self.status)


def preload(modules: Sequence[str]) -> None:
    """Import modules; one that this environment lacks is left to the job that asks for it."""
    began = time.monotonic()
    gc.disable()  # nothing that modules make is garbage, and looking for it takes a fifth of their import
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            say(f"{name} is left to the jobs: {error}")
    gc.collect()
    gc.freeze()
    say(f"process {os.getpid()} has imported its libraries in {time.monotonic() - began:.1f} s")


def say(text: str) -> None:
    """Add a line to the log; a disk that is full ends no server, and no buffer keeps the line for a fork to write."""
    with contextlib.suppress(OSError):
        os.write(1, f"{text}\n".encode())


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """A path by which a socket of at most 107 characters is found."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def main(place: Path, owner: int, idle: float, modules: Sequence[str]) -> None:
    """Listen, import, serve, and in each fork run a job."""
    listener = socket.socket(socket.AF_UNIX)
    with short(place) as name:
        listener.bind(name)
    listener.listen(64)
    if os.fork():
        os._exit(0)  # what is counted for the job that started it is not to include the server
    ending = Ending()
    if atexit._ncallbacks() == 0:
        atexit.register(ending)
    preload(modules)
    message = Server(listener, place, owner, idle).serve()
    if message is not None:
        with ending:
            run(message)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
