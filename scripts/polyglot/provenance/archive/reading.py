"""Reading an archive: a zip file, or its unpacked folder."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_jsonl
from polyglot.core.hashing import file_hash
from polyglot.provenance.archive.contents import UNSEEN
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.writing import COMMENT, MANIFEST, fingerprint

JOBS = "provenance/jobs.jsonl"


class ArchiveError(WrongInput):
    """A mismatch in an archive; the message starts with the file."""


@dataclass(frozen=True)
class Archive:
    """An unpacked archive. `told`: the fingerprint stated in the zip file; None for a folder."""

    folder: Path
    told: str | None

    def text(self, path: str) -> str:
        try:
            return (self.folder / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArchiveError(f"{path}: cannot be read: {error}") from None

    def jobs(self) -> list[dict[str, Any]]:
        """Every job, each after those that it depends on."""
        return read_jsonl(self.folder / JOBS)

    def check_files(self) -> set[str]:
        """Compare every file with the manifest and with the crate.

        Returns:
            The files, without the manifest.

        Raises:
            ArchiveError: names the first file that is missing, changed or not declared.
        """
        listed = self.text(MANIFEST)
        if self.told is not None and fingerprint(listed.encode()) != self.told:
            raise ArchiveError(f"{MANIFEST}: it is not the one that the archive was made with")
        hashes = {}
        for number, line in enumerate(listed.splitlines(), 1):
            digest, separator, path = line.partition("  ")
            if not separator or len(digest) != 64 or PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise ArchiveError(f"{MANIFEST}: line {number} is not a hash and path")
            hashes[path] = digest
        there = {
            str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file() and file.name not in UNSEEN
        }
        for path in sorted(there | set(hashes)):
            if path == MANIFEST:
                continue
            if path not in there:
                raise ArchiveError(f"{path}: it is missing")
            if path not in hashes:
                raise ArchiveError(f"{path}: it is not in the manifest")
            if file_hash(self.folder / path) != hashes[path]:
                raise ArchiveError(f"{path}: its SHA-256 is not the one in {MANIFEST}")
        self._check_crate(hashes)
        return set(hashes)

    def _check_crate(self, hashes: dict[str, str]) -> None:
        try:
            entities = json.loads(self.text(METADATA))["@graph"]
            files = {
                unquote(entity["@id"]): entity for entity in entities if "File" in _types(entity) and ":" not in entity["@id"]
            }
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{METADATA}: not a valid crate: {error}") from None
        for path in sorted({*hashes} - {METADATA}):
            if path not in files:
                raise ArchiveError(f"{path}: the crate does not declare it")
            if files[path].get("sha256") != hashes[path]:
                raise ArchiveError(f"{path}: its SHA-256 is not the one in {METADATA}")
        for path in sorted(files):
            if path not in hashes and path not in (METADATA, MANIFEST):
                raise ArchiveError(f"{path}: the crate declares it, but it is missing")


def _types(entity: dict[str, Any]) -> list[str]:
    types = entity["@type"]
    return types if isinstance(types, list) else [types]


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Unpack an archive while the block runs, or use an unpacked folder.

    Raises:
        ArchiveError: if it is not an archive, or a file in it is damaged (names it).
    """
    if path.is_dir():
        yield Archive(path.resolve(), None)
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with zipfile.ZipFile(path) as file:
                _unpack(file, Path(scratch), path)
                comment = file.comment.decode(errors="replace")
        except (OSError, zipfile.BadZipFile) as error:
            raise ArchiveError(f"{path}: no archive: {error}") from None
        if not comment.startswith(COMMENT):
            raise ArchiveError(f"{path}: not an archive of a study: it states no fingerprint")
        yield Archive(Path(scratch).resolve(), comment.removeprefix(COMMENT))


def _unpack(file: zipfile.ZipFile, folder: Path, path: Path) -> None:
    names = [member.filename for member in file.infolist()]
    repeated = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if repeated:
        raise ArchiveError(f"{repeated}: duplicate entry")
    for member in file.infolist():
        try:
            file.extract(member, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ArchiveError(f"{member.filename}: it is damaged ({error})") from None
    if not (folder / METADATA).is_file():
        raise ArchiveError(f"{path}: not an archive of a study: {METADATA} is missing")
