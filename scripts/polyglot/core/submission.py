"""A submission: what a cluster runs as one piece of work, several jobs one after another (`groups` in profiles/slurm).

Snakemake's process that runs the jobs on their node announces it; its jobs see it in their environment. Where a job is a
submission of its own, or runs on this machine, there is none.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "POLYGLOT_SUBMISSION"


@dataclass(frozen=True)
class Submission:
    """What the jobs of a submission have in common.

    `pid`: the process that runs them; the submission ends when it does. `folder`: where they meet, on the node's own disk; not
    made before it is needed. `logs`: where logs go that are of no single job. `sharing`: whether jobs of one model share an
    engine, and jobs that need the same libraries a start.
    """

    pid: int
    folder: str
    logs: str
    sharing: bool

    def announce(self) -> None:
        """Let every process that is started from here see it."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    def place(self, name: str = "") -> Path:
        """The submission's folder or one inside it, which only this user can enter.

        Raises:
            PermissionError: if somebody else has made it.
        """
        for folder in (Path(self.folder), Path(self.folder) / name):
            folder.mkdir(mode=0o700, parents=False, exist_ok=True)
            known = folder.lstat()
            if known.st_uid != os.getuid() or known.st_mode & 0o077:
                raise PermissionError(f"{folder} is open to others, or theirs: remove it")
        return Path(self.folder) / name

    def log(self, title: str) -> Path:
        """The log of what its jobs share, by what it is."""
        return Path(self.logs) / f"{title}-{os.environ.get('SLURM_JOB_ID', self.pid)}.log"


def current_submission() -> Submission | None:
    """The submission that this job is in; None where it is in none."""
    said = os.environ.get(VARIABLE)
    return Submission(**json.loads(said)) if said else None
