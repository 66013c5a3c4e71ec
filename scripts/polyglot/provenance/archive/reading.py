"""Reading an archive: a zip file, or its unpacked folder."""

from __future__ import annotations

import lzma
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from polyglot.core.hashing import file_hash
from polyglot.provenance.archive.contents import UNSEEN
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.lines import job_lines, parsed
from polyglot.provenance.archive.members import check_members, check_paths
from polyglot.provenance.archive.writing import COMMENT, MANIFEST, fingerprint

JOBS = "provenance/jobs.jsonl"


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
        return job_lines(self.text(JOBS), JOBS)

    def entities(self) -> list[dict[str, Any]]:
        """What the crate describes, each with `@id` and `@type`.

        Raises:
            ArchiveError: if the crate cannot be read as one.
        """
        crate = parsed(self.text(METADATA), METADATA)
        graph = crate.get("@graph") if isinstance(crate, dict) else None
        if not isinstance(graph, list):
            raise ArchiveError(f"{METADATA}: not a valid crate: no list '@graph'")
        for number, entity in enumerate(graph, 1):
            if not (isinstance(entity, dict) and isinstance(entity.get("@id"), str) and types_of(entity)):
                raise ArchiveError(f"{METADATA}: not a valid crate: entity {number} of '@graph' has no '@id' or '@type'")
        return graph

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
        hashes = manifest_hashes(listed)
        there = set()
        for file in self.folder.rglob("*"):
            path = file.relative_to(self.folder).as_posix()
            if file.is_symlink():
                raise ArchiveError(f"{path}: it is a link, and no archive has one")
            if not file.is_file() and not file.is_dir():
                raise ArchiveError(f"{path}: it is no plain file, and no archive has a pipe or device")
            if file.is_file() and (path in hashes or file.name not in UNSEEN):
                there.add(path)
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
        files: dict[str, dict[str, Any]] = {}
        for entity in self.entities():
            if "File" in types_of(entity) and ":" not in entity["@id"]:
                name = unquote(entity["@id"])
                if name in files:
                    raise ArchiveError(f"{name}: the crate declares it twice")
                files[name] = entity
        for path in sorted({*hashes} - {METADATA}):
            if path not in files:
                raise ArchiveError(f"{path}: the crate does not declare it")
            if files[path].get("sha256") != hashes[path]:
                raise ArchiveError(f"{path}: its SHA-256 is not the one in {METADATA}")
        for path in sorted(files):
            if path not in hashes and path not in (METADATA, MANIFEST):
                raise ArchiveError(f"{path}: the crate declares it, but it is missing")


def types_of(entity: dict[str, Any]) -> list[str]:
    """The types of an entity of a crate; empty if it has none."""
    types = entity.get("@type")
    return [one for one in (types if isinstance(types, list) else [types]) if isinstance(one, str)]


def manifest_hashes(text: str) -> dict[str, str]:
    """Each path of a manifest to its SHA-256.

    Raises:
        ArchiveError: names the line that is not a hash and path, or the path that is not canonical, or is there twice.
    """
    hashes: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        found = LINE.fullmatch(line)
        if not found:
            raise ArchiveError(f"{MANIFEST}: line {number} is not a hash and path")
        if found[2] in hashes:
            raise ArchiveError(f"{found[2]}: it is in the manifest twice")
        hashes[found[2]] = found[1]
    check_paths([*hashes, MANIFEST])
    return hashes


LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Unpack an archive while the block runs, or use an unpacked folder.

    Raises:
        ArchiveError: if it is not an archive, would not be safe to unpack, or a file in it is damaged (names it).
    """
    if path.is_dir():
        if not (path / MANIFEST).is_file():
            raise ArchiveError(
                f"{path}: no archive: {MANIFEST} is missing; name archive.zip, or the folder that it was unpacked to"
            )
        yield Archive(path.resolve(), None)
        return
    if path.exists() and not path.is_file():
        raise ArchiveError(f"{path}: no archive: a pipe or device")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with zipfile.ZipFile(path) as file:
                comment = file.comment.decode(errors="replace")
                _judge(file, path)
                _unpack(file, Path(scratch))
        except (OSError, zipfile.BadZipFile, UnicodeDecodeError, struct.error, NotImplementedError) as error:
            raise ArchiveError(f"{path}: no archive: {error}") from None
        yield Archive(Path(scratch).resolve(), comment.removeprefix(COMMENT))


def _judge(file: zipfile.ZipFile, path: Path) -> None:
    """Refuse a zip file that is no archive, or not safe to unpack, before anything is."""
    names = set(file.namelist())
    if METADATA not in names:
        raise ArchiveError(f"{path}: not an archive of a study: {METADATA} is missing")
    if not STATED.fullmatch(file.comment.decode(errors="replace")):
        raise ArchiveError(f"{path}: not an archive of a study: it states no fingerprint")
    check_members(file, path.stat().st_size)
    if MANIFEST not in names:
        raise ArchiveError(f"{MANIFEST}: it is missing")
    listed = manifest_hashes(_content(file, MANIFEST).decode(errors="replace"))
    unlisted = sorted(names - {MANIFEST} - listed.keys())
    if unlisted:
        raise ArchiveError(f"{unlisted[0]}: it is not in the manifest")
    size, free = sum(member.file_size for member in file.infolist()), shutil.disk_usage(tempfile.gettempdir()).free
    if size > free:
        raise ArchiveError(
            f"{path}: it unpacks to {size / 1e9:,.1f} GB, and {tempfile.gettempdir()} has {free / 1e9:,.1f} GB left; set TMPDIR "
            "to a folder with more"
        )


STATED = re.compile(re.escape(COMMENT) + "[0-9a-f]{64}")


def _content(file: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes.

    Raises:
        ArchiveError: if it is damaged.
    """
    try:
        return file.read(name)
    except DAMAGES as error:
        raise ArchiveError(f"{name}: it is damaged ({error})") from None


DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def _unpack(file: zipfile.ZipFile, folder: Path) -> None:
    for member in file.infolist():
        try:
            size = Path(file.extract(member, folder)).stat().st_size
        except DAMAGES as error:
            raise ArchiveError(f"{member.filename}: it is damaged ({error})") from None
        if size != member.file_size:
            raise ArchiveError(f"{member.filename}: it is damaged ({size:,} bytes, and {member.file_size:,} are stated)")
