"""Failures of a run and their causes, repeated at its end with the last lines of each log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyglot.cluster.slurm import REFUSAL
from polyglot.core.errors import last_words

LINES = 8
"""Last lines of a log that are shown."""
SHOWN = 20
"""Maximum failures shown with logs; for others, only names."""
FROM_SLURM = re.compile(r"^(slurmstepd|srun|slurm_script|sbatch): .*", re.MULTILINE)
"""Slurm's own lines in its log of a job."""
GO_ON = "Run the same command again to resume."
WITHOUT = (
    "To finish without a cell, name its teacher and language under `missing` in the study (config/README.md): tables and figures "
    "then show it as missing."
)
CELL = {"teacher", "lang"}
"""Wildcards of a job without which a study can be finished."""


@dataclass(frozen=True)
class Failure:
    """A failed job of a run that began at `since` (seconds since the epoch; older logs belong to other runs).

    On a cluster, `message` is the executor's message, and `cluster_log` is Slurm's log.
    """

    rule: str
    wildcards: Mapping[str, str]
    log: Path | None
    attempts: int
    since: float
    message: str = ""
    cluster_log: Path | None = None

    @property
    def name(self) -> str:
        values = ", ".join(f"{name} {value}" for name, value in self.wildcards.items() if name != "study")
        return f"{self.rule} ({values})" if values else self.rule

    def explanation(self) -> list[str]:
        """The last lines of the log, and the cluster's message: only the cluster reports exceeded time or memory."""
        written = last_words(self._text(self.log), LINES)
        said = [match.group() for match in FROM_SLURM.finditer(self._text(self.cluster_log))]
        refusal = REFUSAL.search(self.message)
        executor = (refusal[1] if refusal else self.message).strip().splitlines()
        lines = [*written, *list(dict.fromkeys(said))[-LINES:], *(executor if refusal else executor[:1])]
        return lines or ["it has no log: it ended before its script started"]

    @property
    def logs(self) -> list[Path]:
        """Logs of this run."""
        return [log for log in (self.log, self.cluster_log) if log is not None and self._text(log)]

    def _text(self, log: Path | None) -> str:
        """A log; empty if this run has not written it."""
        try:
            if log is None or log.stat().st_mtime < self.since:
                return ""
            return log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def failures_in_words(failures: Sequence[Failure], *, seen: bool = False) -> str:
    """A run's failures as text, how to resume, and how to do without a cell where a cell has failed.

    Args:
        failures: none for a run that was stopped by its user.
        seen: whether their logs' last lines have been shown already.
    """
    if not failures:
        return f"Stopped. {GO_ON}"
    count = f"{len(failures)} job{'s' if len(failures) > 1 else ''} failed"
    lines = [f"{count}; what does not depend on {'them' if len(failures) > 1 else 'it'} is done."]
    for failure in sorted(failures, key=lambda failure: failure.name)[:SHOWN]:
        attempts = f", {failure.attempts} attempts" if failure.attempts > 1 else ""
        lines += [f"- {failure.name}{attempts}" + (f": {', '.join(map(str, failure.logs))}" if failure.logs else "")]
        lines += [] if seen else [f"    {line}" for line in failure.explanation()]
    if len(failures) > SHOWN:
        lines.append(f"- and {len(failures) - SHOWN} more")
    of_a_cell = any(failure.wildcards.keys() >= CELL for failure in failures)
    return "\n".join([*lines, f"{GO_ON} {WITHOUT}" if of_a_cell else GO_ON])
