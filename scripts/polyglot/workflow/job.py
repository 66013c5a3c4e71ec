"""The wrapper of every rule's script: log, record, progress, offline hub, and errors that name their cause.

A job that shares its start waits in a process of its own: until it has handed over its script, it imports little.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.garbage import collect_rarely
from polyglot.core.submission import current_submission
from polyglot.workflow.shared_starts import hand_over

if TYPE_CHECKING:
    from polyglot.core.sidefile import KeptTable

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}


@contextmanager
def running(snakemake: Any, *, environment: str | None = None, online: bool = False) -> Iterator[None]:
    """Run a script: all output, including a failure's full traceback, goes to the rule's log.

    The terminal shows a progress bar (see `polyglot.core.progress`), and the attempt is recorded (`polyglot.provenance.records`).
    A failure is told on the terminal, unless the run tells it at its end (`polyglot.cluster.failures`).
    Hubs stay offline, unless the job fetches from one.

    Args:
        environment: the script's environment, if jobs that need it share a start (see `polyglot.workflow.shared_starts`); a job
            with a GPU does only with others of its submission.
    """
    collect_rarely()
    os.environ.update({} if online else OFFLINE)
    alone = hand_over(environment, Path(str(snakemake.log[0]))) if environment and may_share(snakemake.resources) else ""
    from polyglot.workflow.job_log import logged

    with logged(snakemake, alone):
        yield


def kept_table(snakemake: Any) -> KeptTable:
    """The side file of a job that makes one table in one go. The table is taken from it if the job's inputs, parameters and code
    are still those that it was made from.

    Args:
        snakemake: the job's; its parameter `side_file` is the path.
    """
    from polyglot.core.hashing import content_id, folder_fingerprint
    from polyglot.core.sidefile import KeptTable
    from polyglot.provenance.records import code_id

    inputs = [folder_fingerprint(Path(path)) for path in snakemake.input]
    given = json.dumps(dict(snakemake.params.items()), sort_keys=True, default=str)
    code = code_id(tuple(getattr(snakemake, "config", {}).get("plugins", [])))
    return KeptTable(Path(snakemake.params.side_file), content_id(code, given, *inputs))


def gpus_asked(resources: Mapping[str, Any]) -> int:
    """How many GPUs a job asks for, in the words of whatever cluster: `gpu=2`, or `gres=gpu:h200:2`."""
    words = [word.split(":") for word in str(resources.get("gres") or "").split(",") if word.split(":")[0] == "gpu"]
    return int(resources.get("gpu") or 0) or sum(int(word[-1]) if word[-1].isdigit() else 1 for word in words)


def may_share(resources: Mapping[str, Any]) -> bool:
    """Whether a job may share its start: one that asks for a GPU, in whosever words, only with others of its submission."""
    return current_submission() is not None or not any(resources.get(name) for name in ("gpu", "gres"))
