"""Whether this Python has what jobs need, before the first of them: two toolchains are in environments of their own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Protocol

APART = {"vllm": "engine: vllm", "unsloth": "training.trainer: unsloth"}
"""Environments (envs/locked) whose packages this Python may lack, and what asks for them. The package has the same name."""


class Waiting(Protocol):
    """A job that a run will do (`polyglot.cluster.snakemake_inside.Waiting`)."""

    @property
    def here(self) -> bool: ...
    @property
    def environment(self) -> str: ...


def missing_software(jobs: Iterable[Waiting]) -> list[str]:
    """What jobs on this machine need and this Python lacks, a sentence each; for runs without environments by --sdm."""
    needed = dict.fromkeys(job.environment for job in jobs if job.here and job.environment in APART)
    return [
        f"{APART[name]}: the package {name} is not in this Python; run with `--sdm conda`, which gives each toolchain an "
        "environment of its own (docs/howto/setup.md)"
        for name in needed
        if importlib.util.find_spec(name) is None
    ]
