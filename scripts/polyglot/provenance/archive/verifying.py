"""Verifies an archive: what was recomputed from the outcomes, what compared by hash alone, and what its fingerprint proves."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from polyglot.core.text import printable
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.lines import Code, code_record
from polyglot.provenance.archive.reading import Archive, open_archive
from polyglot.provenance.archive.replay import can_be_replayed, replay
from polyglot.provenance.archive.signatures import SUFFIX, check_signature
from polyglot.provenance.archive.writing import MANIFEST, fingerprint
from polyglot.provenance.records import code_id

PROVED = ("results/*/tables/*", "results/*/scores/*")
"""Files that rerun jobs must reproduce, in folders of any depth."""
TABLES = PROVED[0]
README, BOARD = "README.md", "results/*/tables/leaderboard.md"
CODE = "provenance/code.json"
KINDS = {
    "figures": ("*/figures/*", "*.png", "*.svg", "*.pdf"),
    "logs and records": ("*/logs/*", "*/benchmarks/*", "*.log", "provenance/*", "*/ledger/*"),
    "pages and READMEs": ("*.html", "*README.md"),
    "data": ("*.parquet", "*.csv", "*.json", "*.jsonl"),
    "settings and code": ("*",),
}
"""What files are called that were compared by hash alone: the first pattern that fits."""


def other_code(code: Code) -> str:
    """The version of the code that an archive was made with; empty if it is this one."""
    known = code.versions[code.archived]
    if code.archived == code_id(tuple(known.plugins)):
        return ""
    return f"commit {known.commit}" if known.commit else "its own scripts/"


@dataclass(frozen=True)
class Verdict:
    """What was checked: files by hash, rerun jobs, their outputs, and the underlying outcomes.

    `hashed`: kind of file to how many were compared by hash alone. `told`: whether the fingerprint is the one that was given.
    `signed`: by whom, in a few words; empty without a signature. `other_code`: the version of the code that the archive was made
    with, if it is not this one.
    """

    fingerprint: str
    files: int
    jobs: int
    made: int
    outcomes: int
    hashed: Mapping[str, int] = field(default_factory=dict)
    told: bool = False
    signed: str = ""
    other_code: str = ""

    def sentences(self, path: Path) -> list[str]:
        """One on each kind of proof."""
        words = ""
        if self.other_code:
            words = (
                f" The archive was made with another version of the code ({self.other_code}): headings, notes and words in prose "
                "were not compared."
            )
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in self.hashed.items())
        lines = [
            f"{path} is verified: {self.files} files are unchanged.",
            f"recomputed: {self.made} score files and tables, from {self.outcomes:,} outcomes ({self.jobs} jobs).{words}",
            f"hashed only: {self.files - self.made:,} files ({kinds}). They are as they were archived; nothing recomputes them.",
        ]
        if self.signed:
            lines.append(f"signature: {self.signed}.")
        if self.told:
            lines.append(f"fingerprint {self.fingerprint}, as given: it is the archive that this fingerprint was published for.")
        else:
            lines.append(
                f"consistent, compare the fingerprint: {self.fingerprint}. Whoever changes all files together makes an "
                "archive consistent again; only the fingerprint that its authors have published tells (--fingerprint)."
            )
        return [printable(line) for line in lines]


def verify(path: Path, *, told: str | None = None, signature: Path | None = None, signers: Path | None = None) -> Verdict:
    """Check an archive: hashes, declarations, and all scores and tables recomputed.

    Args:
        told: the fingerprint that its authors have published.
        signature: a detached signature; None takes the file beside the archive with `.sig` after its name, if there is one.
        signers: see `polyglot.provenance.archive.signatures.check_signature`.

    Raises:
        ArchiveError: names the first file that does not match, and how.
    """
    beside = Path(f"{path.absolute()}{SUFFIX}")
    chosen = signature or (beside if beside.is_file() or signers else None)
    signed = check_signature(path, chosen, signers) if chosen else ""
    with open_archive(path) as archive:
        files = archive.check_files()
        found = fingerprint(archive.text(MANIFEST).encode())
        if told is not None and found != told.strip().lower():
            raise ArchiveError(f"{path}: its fingerprint is {found}, not the given one: it is another archive, or was changed")
        code = code_record(archive.text(CODE), CODE) if CODE in files else None
        if code is None:
            raise ArchiveError(f"{CODE}: it is missing: what made the archive is not known")
        lines = [line for line in archive.jobs() if can_be_replayed(line)]
        used, made = ({name for line in lines for name in Named(**line[kind], flat=True)} for kind in ("input", "output"))
        _check_evidence(files, used, made)
        _check_board(archive, files)
        other = other_code(code)
        _recompute(archive, lines, other)
        return Verdict(
            fingerprint=found,
            files=len(files),
            jobs=len(lines),
            made=len(made),
            outcomes=sum(_rows(archive, name) for name in used if name.endswith(".parquet") and "/evaluation/" in name),
            hashed=_kinds(files - made),
            told=told is not None,
            signed=signed,
            other_code=other,
        )


def _check_evidence(files: Collection[str], used: set[str], made: set[str]) -> None:
    for name in sorted(used | made):
        if name not in files:
            raise ArchiveError(f"{name}: it is not in the archive, but needed to recompute the tables")
    proved = [name for name in sorted(files) if any(fnmatchcase(name, pattern) for pattern in PROVED)]
    for name in proved:
        if name not in made:
            raise ArchiveError(f"{name}: no job of the archive makes it")
    if not any(fnmatchcase(name, TABLES) for name in proved):
        raise ArchiveError("the archive holds no tables: there is nothing to recompute, and nothing is proved")


def _check_board(archive: Archive, files: Collection[str]) -> None:
    """The README shows the leaderboard first: it must be the one that is recomputed."""
    boards = [archive.text(name).strip() for name in sorted(files) if fnmatchcase(name, BOARD)]
    if README in files and boards and not any(board in archive.text(README) for board in boards):
        raise ArchiveError(f"{README}: its leaderboard is not the one of the tables")


def _recompute(archive: Archive, lines: Sequence[Mapping[str, Any]], other: str) -> None:
    hint = f" (by another version of the code than the archive's: try again with {other})" if other else ""
    with tempfile.TemporaryDirectory() as scratch:
        for _, difference in replay(lines, archive.folder, Path(scratch), reworded=bool(other)):
            if difference:
                raise ArchiveError(f"{difference}{hint}")


def _rows(archive: Archive, name: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(archive.folder / name).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(f"{name}: no Parquet file: {error}") from None


def _kinds(files: Collection[str]) -> dict[str, int]:
    """Kinds of files to how many there are, in the order of `KINDS`."""
    counts = Counter(next(kind for kind, patterns in KINDS.items() if _fits(name, patterns)) for name in files)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern) for pattern in patterns)
