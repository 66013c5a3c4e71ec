"""The process that starts keepers of servers, where a submission itself runs.

    python -m polyglot.engines.server_starter FOLDER PROCESS

On Slurm each job of a submission is a step of its own, and all that a step has started ends with it. So the submission's process
starts this one before its first job, and jobs ask it: a line in the pipe `orders` names a folder, whose `start.json` says what to
run. It imports nothing that takes long, and ends with the submission.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ORDERS = "orders"
OF_THE_NODE = ("SLURM_", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
"""Environment variables that are the submission's, not those of the step that asks."""


def environment(asked: dict[str, str]) -> dict[str, str]:
    """That of the job that asks, such as its conda environment's, on the submission's GPUs."""
    job = {name: value for name, value in asked.items() if not name.startswith(OF_THE_NODE)}
    return job | {name: value for name, value in os.environ.items() if name.startswith(OF_THE_NODE)}


def started(place: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """A keeper, and the file that is to be there when it has ended."""
    said = json.loads((place / "start.json").read_text(encoding="utf-8"))
    with Path(said["log"]).open("ab") as log:
        keeper = subprocess.Popen(
            said["command"],
            env=environment(said["environment"]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return keeper, Path(said["ended"])


def serve(folder: Path, process: int) -> None:
    """Until the submission's process has ended, and all keepers after it; then the folder goes."""
    with suppress(ProcessLookupError):  # it may have ended already
        _serve(folder, os.pidfd_open(process))
    shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, submission: int) -> None:
    orders = os.open(folder / ORDERS, os.O_RDWR | os.O_NONBLOCK)
    watch = select.poll()
    for file in (submission, orders):
        watch.register(file, select.POLLIN)
    keepers: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}
    ended, rest = False, b""
    while not ended or keepers:
        for file, _ in watch.poll():
            if file == submission:
                ended = True
                watch.unregister(submission)
            elif file == orders:
                *lines, rest = (rest + os.read(orders, 65536)).split(b"\n")
                for line in lines:
                    keeper, end = started(folder / line.decode())
                    pidfd = os.pidfd_open(keeper.pid)
                    keepers[pidfd] = keeper, end
                    watch.register(pidfd, select.POLLIN)
            else:
                keeper, end = keepers.pop(file)
                watch.unregister(file)
                os.close(file)
                keeper.wait()
                end.touch()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
