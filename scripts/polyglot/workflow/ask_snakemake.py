"""Queries Snakemake about a study from within one of its jobs; the current run may have locked the folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyglot.core.files import yaml_text
from polyglot.core.hashing import content_id

DERIVED = "operation"
"""The key that the workflow adds to a configuration (rules/common.smk)."""
DECIDE_JOBS = (
    *("rules/*.smk", "profiles/slurm/*.yaml"),
    *(f"scripts/polyglot/{room}/**/*.py" for room in ("study", "planning", "workflow", "cluster")),
)
"""Files that determine the jobs and their resource requests."""


def profile_named(arguments: Sequence[str]) -> str | None:
    """The profile on a command line, as `--profile NAME` or `--profile=NAME`; it defines the form of resource requests."""
    named = [place for place, argument in enumerate(arguments) if argument.startswith("--profile")]
    if not named:
        return None
    name = arguments[named[-1]].partition("=")[2]
    return name or arguments[named[-1] + 1]


def workflow_hash(root: Path) -> str:
    """Fingerprint of the rules and their resource requests."""
    files = [file for pattern in DECIDE_JOBS for file in sorted(root.glob(pattern))]
    return content_id(*(path.read_text(encoding="utf-8") for path in files))


def ask_snakemake(
    arguments: Sequence[str],
    config: Mapping[str, Any],
    *,
    root: Path,
    scratch: Path,
    variables: Mapping[str, str] | None = None,
) -> Path:
    """Run Snakemake with the current configuration and the project's plugins; its messages go to this job's log.

    Args:
        config: the configuration of the calling job.
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
    paths = [str(root / "plugins"), str(root / "scripts"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | dict(variables or {})
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), *arguments, "--configfile", str(file)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return file
