"""Verifies an archive: all files are unchanged, and all scores can be recomputed from the outcomes."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.reading import Archive, ArchiveError, open_archive
from polyglot.provenance.archive.replay import can_be_replayed, replay
from polyglot.provenance.archive.writing import MANIFEST, fingerprint
from polyglot.provenance.records import code_id

PROVED = ("results/*/tables/*", "results/*/scores/*/*")
"""Files that rerun jobs must reproduce."""


def _other_code(archive: Archive) -> str:
    """The version of the code that an archive was made with; empty if it is this one."""
    archived = json.loads(archive.text("provenance/code.json"))
    known = archived["versions"][archived["archived"]]
    if archived["archived"] == code_id(tuple(known.get("plugins", ()))):
        return ""
    commit = known["commit"]
    return f"commit {commit}" if commit else "its own scripts/"


@dataclass(frozen=True)
class Verdict:
    """What was checked: files by hash, rerun jobs, their outputs, and the underlying outcomes."""

    fingerprint: str
    files: int
    jobs: int
    made: int
    outcomes: int
    other_code: str = ""
    """The version of the code that the archive was made with, if it is not this one."""

    def sentence(self, path: Path) -> str:
        words = ""
        if self.other_code:
            made_with = f"made with another version of the code ({self.other_code})"
            words = f"; {made_with}: headings, notes and words in prose were not compared"
        return (
            f"{path} is verified: {self.files} files are unchanged; {self.made} score files and tables are reproduced "
            f"from {self.outcomes:,} outcomes ({self.jobs} jobs){words}; fingerprint {self.fingerprint}"
        )


def verify(path: Path) -> Verdict:
    """Check an archive: hashes, declarations, and all scores and tables recomputed.

    Raises:
        ArchiveError: names the first file that does not match, and how.
    """
    import pyarrow.parquet as pq

    with open_archive(path) as archive:
        files = archive.check_files()
        lines = [line for line in archive.jobs() if can_be_replayed(line)]
        used, made = ({name for line in lines for name in Named(**line[kind], flat=True)} for kind in ("input", "output"))
        for name in sorted(used | made):
            if name not in files:
                raise ArchiveError(f"{name}: it is not in the archive, but needed to recompute the tables")
        for pattern in PROVED:
            for file in sorted(archive.folder.glob(pattern)):
                if str(file.relative_to(archive.folder)) not in made:
                    raise ArchiveError(f"{file.relative_to(archive.folder)}: no job of the archive makes it")
        other = _other_code(archive)
        hint = f" (by another version of the code than the archive's: try again with {other})" if other else ""
        with tempfile.TemporaryDirectory() as scratch:
            for _, difference in replay(lines, archive.folder, Path(scratch), reworded=bool(other)):
                if difference:
                    raise ArchiveError(f"{difference}{hint}")
        outcomes = [archive.folder / name for name in used if name.endswith(".parquet") and "/evaluation/" in name]
        return Verdict(
            fingerprint=fingerprint(archive.text(MANIFEST).encode()),
            files=len(files),
            jobs=len(lines),
            made=len(made),
            outcomes=sum(pq.read_metadata(file).num_rows for file in outcomes),
            other_code=other,
        )
