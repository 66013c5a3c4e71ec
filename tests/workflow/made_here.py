"""The embedded study that `make` has run in this clone: tests take it, where this very code has made all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from polyglot.provenance.attempts import FINISHED, read_attempts
from polyglot.provenance.records import code_id

RESULTS, KNOWN = Path("results/demo"), Path(".snakemake/metadata")
"""What the study has made, and what Snakemake knows of it: a run with both goes on where it ended."""
INCOMPLETE = Path(".snakemake/incomplete")
"""Empty where no job is under way and none was killed."""


def is_made_by_this_code(folder: Path) -> bool:
    """Whether a clone has results of the embedded study, all from scripts and a library as they are now.

    Snakemake looks at settings, scripts and files; what it cannot see, a change of the library, the jobs' records show.
    """
    if any((folder / INCOMPLETE).glob("*")) or not (folder / KNOWN).is_dir():
        return False
    last = [read_attempts(path)[-1:] for path in (folder / RESULTS / "provenance/jobs").rglob("*.jsonl")]
    return bool(last) and all(one and one[0].status == FINISHED and one[0].facts["code"] == code_id() for one in last)


def take(folder: Path, into: Path) -> None:
    """Copy the study's results with their time stamps, but not what `make` adds to them."""
    for part in (RESULTS, KNOWN):
        shutil.copytree(folder / part, into / part, symlinks=True)
    for added in ("report.html", "archive.zip"):
        (into / RESULTS / added).unlink(missing_ok=True)
