"""Environment modules (Environment Modules or Lmod): loaded once, on the machine that runs Snakemake; jobs inherit the
environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from polyglot.core.errors import ConfigurationError


def with_modules(names: Sequence[str]) -> dict[str, str]:
    """This process's environment with modules loaded.

    Raises:
        ConfigurationError: if there is no `module` command here, or it does not know one of them.
    """
    start = Path(os.environ.get("MODULESHOME", "/nonexistent")) / "init/bash"
    if not start.exists():
        raise ConfigurationError(
            f"modules: there is no `module` command here (MODULESHOME is not set, or wrong) to load {', '.join(names)}"
        )
    command = 'source "$0" && module load "$@" >&2 && env --null'
    done = subprocess.run(["bash", "-c", command, str(start), *names], capture_output=True, text=True, check=False)
    said = done.stderr.strip()
    if done.returncode or "ERROR" in said:
        raise ConfigurationError(f"modules: `module load {' '.join(names)}` failed: {said}")
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if "=" in entry)
