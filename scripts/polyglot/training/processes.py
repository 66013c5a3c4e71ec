"""Training with several processes, one per GPU, by torch's elastic launcher."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pandas as pd

import polyglot
from polyglot.core.devices import visible_gpus
from polyglot.core.errors import Foreseen, WrongInput
from polyglot.core.files import read_json, write_json, write_parquet
from polyglot.core.garbage import collect_rarely
from polyglot.core.progress import TERMINAL
from polyglot.training.batches import Batches
from polyglot.training.one_process import SUMMARY, train
from polyglot.training.settings import Training

JOB, PAIRS = "job.json", "pairs.parquet"


class TrainingError(Foreseen, RuntimeError):
    """A training process failed; carries that process's message."""


def train_together(
    base: Path,
    pairs: pd.DataFrame,
    out: Path,
    training: Training,
    *,
    seed: int,
    checkpoints: Path,
    chat_template: Path | None,
    processes: int,
) -> dict[str, Any]:
    """Fine-tune with several processes on this machine; see `polyglot.training.students.fine_tune`.

    Raises:
        ValueError: if the machine has fewer GPUs, or an update's examples cannot be divided evenly.
        TrainingError: with the message of the process that failed first; the others are terminated.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    Batches.of(training, processes)
    if 0 < (gpus := visible_gpus()) < processes:
        raise WrongInput(
            f"{base}: fine-tuning takes {processes} GPUs (training_gpus in config/models.yaml), and the job has "
            f"{gpus}; ask for more, or correct the entry"
        )
    scripts = str(Path(polyglot.__path__[0]).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([scripts, *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory(prefix="training-") as folder:
        job = {"base": str(base), "out": str(out), "checkpoints": str(checkpoints), "seed": seed}
        template = str(chat_template) if chat_template else None
        write_json({**job, "chat_template": template, "training": training.model_dump(mode="json")}, Path(folder) / JOB)
        write_parquet(pairs, Path(folder) / PAIRS)
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=uuid.uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            elastic_launch(config, sys.executable)("-m", "polyglot.training.processes", folder, str(os.getpid()))
        except ChildFailedError as error:
            rank, failure = error.get_first_failure()
            message: Any = failure.message
            told = message["message"] if isinstance(message, dict) else message
            raise TrainingError(f"process {rank} of {processes}: {told}") from None
    summary: dict[str, Any] = read_json(out / SUMMARY)
    return summary


def main(folder: str, parent: str) -> None:
    """Entry point of one process; the folder holds the job's description."""
    _end_with(int(parent))
    collect_rarely()
    os.environ.pop(TERMINAL, None)  # the file descriptor belongs to the parent
    job = read_json(Path(folder) / JOB)
    train(
        Path(job["base"]),
        pd.read_parquet(Path(folder) / PAIRS),
        Path(job["out"]),
        Training(**job["training"]),
        seed=job["seed"],
        checkpoints=Path(job["checkpoints"]),
        chat_template=Path(job["chat_template"]) if job["chat_template"] else None,
    )


def _end_with(parent: int) -> None:
    """Have this process killed whenever its parent ends, so that it cannot write after the job."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the job has ended")


if __name__ == "__main__":
    from torch.distributed.elastic.multiprocessing.errors import record

    record(main)(*sys.argv[1:])
