"""What a rehearsal found: stage by model, what passed and what failed, with the log's path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Job = Mapping[str, Any]
"""A job with `rule` and `wildcards`; one that has ended also with `log` and `passed`."""
ROLES = ("teacher", "base", "model", "routed", "source", "benchmark", "metric")
"""Wildcards that say what a stage works with, the most telling ones first."""

TARGETS = ("all", "publish")
"""Rules that only gather what others have made."""


@dataclass
class Row:
    """A stage with a model: jobs that passed, failed, and could not start."""

    stage: str
    model: str
    passed: int = 0
    failed: int = 0
    waiting: int = 0
    log: str = ""

    @property
    def verdict(self) -> str:
        return "failed" if self.failed else "not reached" if self.waiting else "passed"


def key(job: Job) -> tuple[str, str]:
    """Rule and wildcards of a job."""
    return str(job["rule"]), str(sorted(job["wildcards"].items()))


def model_of(job: Job, roles: Mapping[str, str]) -> str:
    """What a job works with: the judge's or embedder's name by rule, else a wildcard's value."""
    rule = str(job["rule"])
    return roles.get(rule) or next((str(job["wildcards"][role]) for role in ROLES if role in job["wildcards"]), "")


def rows(ended: Iterable[Job], left: Iterable[Job], roles: Mapping[str, str], folder: Path) -> list[Row]:
    """The table, in the order in which stages first ended.

    Args:
        ended: jobs as they ended; of a job that ended more than once, the last counts.
        left: jobs that would run now.
        roles: rule to the model that it always runs.
        folder: that logs are relative to.
    """
    last = {key(job): job for job in ended if job["rule"] not in TARGETS}
    waiting = {key(job): job for job in left if job["rule"] not in TARGETS}
    found: dict[tuple[str, str], Row] = {}
    for name, job in {**last, **waiting}.items():
        row = found.setdefault((str(job["rule"]), model_of(job, roles)), Row(str(job["rule"]), model_of(job, roles)))
        if name in last and not last[name]["passed"]:
            row.failed += 1
            row.log = row.log or str(folder / str(last[name]["log"]))
        elif name in waiting:
            row.waiting += 1
        else:
            row.passed += 1
    return list(found.values())


def table(found: Sequence[Row], notes: Sequence[str]) -> str:
    """The same in Markdown, with notes."""
    lines = ["| stage | model | | passed | failed | not reached | log |", "| --- | --- | --- | ---: | ---: | ---: | --- |"]
    for row in found:
        counts = f"{row.passed} | {row.failed} | {row.waiting}"
        lines.append(f"| {row.stage} | {row.model} | {row.verdict} | {counts} | {row.log} |")
    return "\n".join([*lines, "", *(f"- {note}" for note in dict.fromkeys(notes)), ""])
