"""Questions to Snakemake about a study, from within one of its jobs: the folder may be locked by the run that asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyglot.core.files import yaml_text

DERIVED = "operation"
"""The key that the workflow adds to a configuration (rules/common.smk)."""


def ask_snakemake(
    arguments: Sequence[str],
    config: Mapping[str, Any],
    *,
    root: Path,
    scratch: Path,
    variables: Mapping[str, str] | None = None,
) -> Path:
    """Run Snakemake with a configuration in force, the project's plugins at hand; its messages go to this job's log.

    Args:
        config: the configuration of the job that asks.
        root: the repository.
        scratch: a folder for the configuration's file.
        variables: further environment variables.

    Returns:
        The configuration's file.

    Raises:
        subprocess.CalledProcessError: if Snakemake fails.
    """
    settings = {key: value for key, value in config.items() if key != DERIVED}
    file = scratch / f"{settings['study']}.yaml"
    file.write_text(yaml_text(settings), encoding="utf-8")
    paths = [str(root / "plugins"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | dict(variables or {})
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), *arguments, "--configfile", str(file)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return file
