"""What failed in a run, and why: said once more at its end, with the last lines of each log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LINES = 8
"""Last lines of a log that are shown."""
SHOWN = 20
"""Failures that are shown with their logs; of the rest only the names."""
FROM_SLURM = re.compile(r"^(slurmstepd|srun|slurm_script|sbatch): .*", re.MULTILINE)
GO_ON = (
    "The same command goes on where this one stopped. To finish without a cell, name its teacher and language under `missing` in "
    "the study (config/README.md): every table and figure then shows the hole."
)


@dataclass(frozen=True)
class Failure:
    """A job that was given up: its log, and the folder of the cluster's own logs of it, if it ran on one."""

    rule: str
    wildcards: Mapping[str, str]
    log: Path | None
    cluster_logs: Path | None
    attempts: int

    @property
    def name(self) -> str:
        values = ", ".join(f"{name} {value}" for name, value in self.wildcards.items() if name != "study")
        return f"{self.rule} ({values})" if values else self.rule

    def explanation(self) -> list[str]:
        """The last lines of the log, and what the cluster said: it alone knows of a job over its time or memory."""
        said = _cluster_says(self.cluster_logs) if self.cluster_logs else []
        written = _last_lines(self.log) if self.log else []
        if not said and not written:
            return ["it has no log: it was refused, or ended before it began"]
        return [*written, *said]


def report_of(failures: Sequence[Failure]) -> str:
    """A run's failures as text, and how to go on.

    Args:
        failures: none for a run that was stopped by its user.
    """
    if not failures:
        return f"Stopped. {GO_ON}"
    count = f"{len(failures)} job{'s' if len(failures) > 1 else ''} failed"
    lines = [f"{count}; what does not depend on {'them' if len(failures) > 1 else 'it'} is done."]
    for failure in sorted(failures, key=lambda failure: failure.name)[:SHOWN]:
        attempts = f", {failure.attempts} attempts" if failure.attempts > 1 else ""
        lines += [f"- {failure.name}{attempts}" + (f": {failure.log}" if failure.log else "")]
        lines += [f"    {line}" for line in failure.explanation()]
    if len(failures) > SHOWN:
        lines.append(f"- and {len(failures) - SHOWN} more")
    return "\n".join([*lines, GO_ON])


def _last_lines(log: Path) -> list[str]:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-LINES:]


def _cluster_says(folder: Path) -> list[str]:
    """What Slurm itself wrote to a job's newest log."""
    logs = sorted(folder.glob("*.log"), key=lambda log: log.stat().st_mtime)
    if not logs:
        return []
    found = [match.group() for match in FROM_SLURM.finditer(logs[-1].read_text(encoding="utf-8", errors="replace"))]
    return list(dict.fromkeys(found))[-LINES:]
