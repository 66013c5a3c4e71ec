"""Attempts: the runs of a job, from its record; a killed attempt has no end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyglot.core.files import read_jsonl

FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"

UNSET = "-"
"""Snakemake's placeholder in timings for values not measured."""


@dataclass(frozen=True)
class Attempt:
    """One run of a job. Times are seconds since 1970; `ended` is None if the job was killed."""

    began: float
    ended: float | None
    status: str
    facts: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        return 0.0 if self.ended is None else self.ended - self.began

    @property
    def gpus(self) -> int:
        return gpus_asked(self.facts.get("resources", {}))


def gpus_asked(resources: Mapping[str, Any]) -> int:
    """GPUs that a job requested, in any cluster's resource syntax."""
    asked = resources.get("gpu") or 0
    if not asked and resources.get("gres"):
        asked = str(resources["gres"]).rpartition(":")[2]
    return int(asked) if str(asked).isdigit() else 0


def read_attempts(path: Path) -> list[Attempt]:
    """The attempts at a job in its record (see `polyglot.provenance.records`), oldest first; empty without a record."""
    if not path.exists():
        return []
    found: list[Attempt] = []
    for line in read_jsonl(path):
        if line["event"] == "began":
            found.append(Attempt(line["at"], None, STOPPED, line))
        elif found:
            found[-1] = replace(found[-1], ended=line["at"], status=line["status"], facts={**found[-1].facts, **line})
    return found


def behind(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts that led to the current outputs: the last finished one, and the failed ones since the finished one before."""
    finished = [place for place, attempt in enumerate(attempts) if attempt.status == FINISHED]
    if not finished:
        return []
    start = finished[-2] + 1 if len(finished) > 1 else 0
    return list(attempts[start : finished[-1] + 1])
