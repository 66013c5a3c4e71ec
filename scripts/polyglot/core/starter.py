"""The process that starts what is to outlive a job, where a submission itself runs.

    python -m polyglot.core.starter FOLDER PROCESS

What a job has started may end with it: on Slurm, where each job of a submission is a step of its own, as with MPI. So the
submission's process starts this one before its first job (`begin`), and jobs ask it (`order`): a line in the pipe `orders` names
a file that says what to run. It imports nothing that takes long, and ends with the submission.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import polyglot
from polyglot.core.submission import Submission

ORDERS = "orders"
OF_THE_NODE = ("SLURM_", "SRUN_", "PMI", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
"""How environment variables begin that are the submission's, not those of the step that asks."""
MOMENT = 5.0
"""Seconds for the process to come up."""
PAUSE = 0.1


def begin(submission: Submission) -> None:
    """Let the jobs of a submission have processes started: called where it runs, before its first job.

    Raises:
        OSError: if there is no place for it on the node.
    """
    shutil.rmtree(submission.place())  # what a killed submission has left whose process had the same number
    folder = submission.place()
    os.mkfifo(folder / ORDERS, 0o600)
    command = [sys.executable, "-m", __name__, str(folder), str(submission.pid)]
    subprocess.Popen(command, env=with_library(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    if submission.pid == os.getpid():
        atexit.register(_remove, folder, submission.pid)  # Slurm may kill the process above before it comes to that


def order(folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Path:
    """Have a command run where the submission does, on the submission's GPUs.

    Args:
        folder: the submission's.
        name: a path inside it, under which the order is kept; its own folder is there.
        environment: the command's variables; those of the node (`OF_THE_NODE`) are the submission's instead.
        log: what it prints is added there.

    Returns:
        A file that is there as soon as the command has ended, with whatever status, or cannot be started.

    Raises:
        OSError: if the submission has no process that takes orders.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    ended = folder / f"{name}-ended-{uuid4().hex}"
    said = {"command": list(command), "environment": dict(environment), "log": str(log.resolve()), "ended": str(ended)}
    write_privately(folder / f"{name}.json", said)
    end = time.monotonic() + MOMENT
    while True:
        try:
            pipe = os.open(folder / ORDERS, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if time.monotonic() > end:
                raise OSError(f"nothing in {folder} takes orders: {error}") from None
            time.sleep(PAUSE)
    os.write(pipe, f"{name}.json\n".encode())
    os.close(pipe)
    return ended


def _remove(folder: Path, process: int) -> None:
    """In the submission's process, not in a fork of it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def with_library() -> dict[str, str]:
    """This process's environment, in which this library is found by whatever Python."""
    library = str(Path(polyglot.__file__).parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH", "")]))}


def write_privately(path: Path, content: Any) -> None:
    """A JSON file that this user alone can read, whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    new.replace(path)


def of_the_job(asked: Mapping[str, str]) -> dict[str, str]:
    """Variables without those of the node."""
    return {name: value for name, value in asked.items() if not name.startswith(OF_THE_NODE)}


def environment(asked: Mapping[str, str]) -> dict[str, str]:
    """That of the job that asks, such as its conda environment's, on the submission's GPUs."""
    return of_the_job(asked) | {name: value for name, value in os.environ.items() if name.startswith(OF_THE_NODE)}


def started(ordered: Path) -> tuple[subprocess.Popen[bytes], Path] | None:
    """The process of an order, and the file that is to be there when it has ended. The order, which may hold keys, is removed.

    None for an order that cannot be carried out: its log says why, if it can be written, and the file is there at once.
    """
    try:
        said = json.loads(ordered.read_text(encoding="utf-8"))
        ordered.unlink()
    except (OSError, ValueError):
        return None
    end = Path(said["ended"])
    with suppress(OSError), Path(said["log"]).open("ab") as log:
        try:
            process = subprocess.Popen(
                said["command"],
                env=environment(said["environment"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            return process, end
        except (OSError, ValueError) as error:
            log.write(f"{said['command'][0]} cannot be started: {error}\n".encode())
    _touch(end)
    return None


def _touch(end: Path) -> None:
    with suppress(OSError):  # the submission is over and its folder gone, or the disk is full
        end.touch()


def serve(folder: Path, process: int) -> None:
    """Until the submission's process has ended, and all processes that were ordered after it; then the folder goes."""
    with suppress(ProcessLookupError, FileNotFoundError):  # it may have ended already, and removed its folder
        _serve(folder, os.pidfd_open(process))
    shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, submission: int) -> None:
    orders = os.open(folder / ORDERS, os.O_RDWR | os.O_NONBLOCK)
    watch = select.poll()
    for file in (submission, orders):
        watch.register(file, select.POLLIN)
    running: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}
    over, rest = False, b""
    while not over or running:
        for file, _ in watch.poll():
            if file == submission:
                over = True
                watch.unregister(submission)
            elif file == orders:
                *lines, rest = (rest + os.read(orders, 65536)).split(b"\n")
                for line in lines:
                    found = started(folder / line.decode())
                    if found is None:
                        continue
                    pidfd = os.pidfd_open(found[0].pid)
                    running[pidfd] = found
                    watch.register(pidfd, select.POLLIN)
            else:
                process, end = running.pop(file)
                watch.unregister(file)
                os.close(file)
                process.wait()
                _touch(end)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
