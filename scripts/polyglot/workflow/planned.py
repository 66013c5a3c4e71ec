"""What a study will take, by `snakemake plan`, run from outside of Snakemake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from polyglot.core.errors import Foreseen


class NotPlanned(Foreseen, RuntimeError):
    """A plan that could not be made; the message is what Snakemake said last."""


def plan_tables(study: Path, name: str, root: Path) -> Path:
    """Plan a study.

    Args:
        study: its file.
        name: its name.
        root: the repository, in which Snakemake runs.

    Returns:
        The folder with the tables `plan`, `plan_teachers` and others.

    Raises:
        NotPlanned: if Snakemake fails.
    """
    command = [sys.executable, "-m", "snakemake", "plan", "--configfile", str(study), "--cores", "1", "--quiet", "all"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPlanned("\n".join((done.stdout + done.stderr).strip().splitlines()[-8:]))
    return root / "results" / name / "tables"
