"""The contents of an archive: small files are included, large ones listed by hash and size."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from polyglot.core.files import read_json, write_json
from polyglot.core.hashing import content_id, file_hash
from polyglot.core.text import visible
from polyglot.provenance.archive.legible import TEXTS, readable
from polyglot.provenance.archive.members import composed
from polyglot.provenance.archive.scrubbing import Scrubber

MEGABYTE = 1_000_000
UNSEEN = frozenset({".cache", "__pycache__", ".snakemake_timestamp", ".lock"})


@dataclass(frozen=True)
class Item:
    """One file in the archive, or one that is only listed.

    `path`: its (hypothetical) path in the archive. `sha256`, `size`: of the file as archived, or of the file outside. `outside`:
    why it is not included; empty if it is. `url`: where a file outside can be obtained. `original`: the file's SHA-256 before
    scrubbing.
    """

    path: str
    sha256: str
    size: int
    source: Path | None = None
    content: bytes | None = field(default=None, repr=False)
    outside: str = ""
    url: str | None = None
    original: str | None = None

    @property
    def identifier(self) -> str:
        """Its path in the archive; for a file outside, an address, or its hash as a name (RFC 6920)."""
        if not self.outside:
            return self.path
        if self.url:
            return self.url
        digest = base64.urlsafe_b64encode(bytes.fromhex(self.sha256)).rstrip(b"=").decode() if self.sha256 else "unknown"
        return f"ni:///sha-256;{digest}?path={quote(self.path)}"

    def read(self) -> bytes:
        if self.content is not None:
            return self.content
        assert self.source is not None
        return self.source.read_bytes()


@dataclass(frozen=True)
class Place:
    """A file or folder that a rule names: its path in the archive, and its files."""

    path: str
    items: Sequence[Item]
    is_folder: bool


def text_item(path: str, text: str) -> Item:
    """A file generated for the archive."""
    content = text.encode()
    return Item(path, hashlib.sha256(content).hexdigest(), len(content), content=content)


def archived_path(path: str | Path, folder: Path) -> str:
    """The archive path of a file that rules name: unchanged if it is inside the working folder, but for letters that some systems
    store in parts."""
    relative = PurePosixPath(os.path.relpath(path, folder)) if os.path.isabs(path) else PurePosixPath(os.path.normpath(path))
    if relative.is_absolute() or ".." in relative.parts:
        whole = Path(os.path.normpath(Path(folder, path)))
        return composed(f"elsewhere/{content_id(str(whole.parent))[:8]}/{whole.name}")
    return composed(str(relative))


def files_in(path: Path) -> list[Path]:
    """A file itself, or every file of a folder; empty if it does not exist."""
    if path.is_dir():
        return sorted(inner for inner in path.rglob("*") if inner.is_file() and not UNSEEN & set(inner.relative_to(path).parts))
    return [path] if path.is_file() else []


class Hashes:
    """SHA-256 of files, cached by size and modification time, so that large models are read once."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        try:
            self.known: dict[str, list[str | int]] = read_json(memory)
        except (OSError, ValueError):
            self.known = {}

    def learn(self, path: Path, sha256: str, size: int, since: float) -> None:
        """Reuse a hash computed elsewhere at a given time, unless the file has changed since."""
        if path.is_file():
            stat = path.stat()
            if stat.st_size == size and stat.st_mtime <= since:
                self.known[str(path)] = [stat.st_size, stat.st_mtime_ns, sha256]

    def of(self, paths: Collection[Path]) -> dict[Path, str]:
        """The hashes of files; unknown ones are computed in parallel."""
        new = [path for path in paths if self._remembered(path) is None]
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            for path, digest in zip(new, pool.map(file_hash, new), strict=True):
                stat = path.stat()
                self.known[str(path)] = [stat.st_size, stat.st_mtime_ns, digest]
        if new:
            write_json({name: self.known[name] for name in sorted(self.known)}, self.memory)
        return {path: str(self.known[str(path)][2]) for path in paths}

    def _remembered(self, path: Path) -> str | None:
        stat = path.stat()
        size, changed, digest = self.known.get(str(path), [-1, -1, ""])
        return str(digest) if (size, changed) == (stat.st_size, stat.st_mtime_ns) else None


@dataclass(frozen=True)
class Collector:
    """Turns files into items.

    Args:
        folder: the working folder, from which relative paths start.
        largest: bytes of the largest file to include.
        evidence: archive paths to include whatever their size.
        urls: archive path to the address of a file.
    """

    folder: Path
    scrubber: Scrubber
    hashes: Hashes
    largest: float
    evidence: Collection[str] = ()
    urls: Mapping[str, str] = field(default_factory=dict)

    def data(self, paths: Iterable[str]) -> dict[str, Place]:
        """Files and folders that jobs read and wrote; one that no longer exists is listed without a hash."""
        known = {path: files_in(self.folder / path) for path in paths}
        digests = self.hashes.of([file for files in known.values() for file in files])
        places = {}
        for path, files in known.items():
            place, whole = archived_path(path, self.folder), self.folder / path
            items = [self._item(file, _inner(place, file, whole), digests[file]) for file in files]
            if not items and not whole.is_dir():
                items = [Item(place, "", 0, outside="no longer there")]
            places[path] = Place(place, items, whole.is_dir())
        return places

    def _item(self, file: Path, place: str, sha256: str) -> Item:
        size = file.stat().st_size
        if size > self.largest and place not in self.evidence:
            return Item(place, sha256, size, outside="larger than the limit", url=self.urls.get(place))
        if file.suffix in TEXTS:
            return scrubbed(file, place, self.scrubber.data)
        held = self.scrubber.keys.find(readable(file))
        if held is not None:
            return Item(place, sha256, size, outside=f"it holds {held}")
        return Item(place, sha256, size, source=file)

    def code(self, paths: Iterable[Path]) -> list[Item]:
        """Scripts and settings; always included."""
        return [scrubbed(file, archived_path(file, self.folder), self.scrubber.data) for path in paths for file in files_in(path)]

    def records(self, paths: Iterable[Path]) -> list[Item]:
        """Texts about the run, with control characters spelt out; always included."""

        def scrub(text: str) -> str:
            return visible(self.scrubber.record(text))

        return [scrubbed(file, archived_path(file, self.folder), scrub) for path in paths for file in files_in(path)]


def _inner(place: str, file: Path, whole: Path) -> str:
    """The archive path of a file of a folder, or of a file itself."""
    return place if file == whole else composed(str(PurePosixPath(place, *file.relative_to(whole).parts)))


def scrubbed(file: Path, place: str, scrub: Callable[[str], str]) -> Item:
    """A text without its secrets."""
    content = file.read_bytes()
    clean = scrub(content.decode(errors="replace")).encode()
    before, after = (hashlib.sha256(found).hexdigest() for found in (content, clean))
    if before == after:
        return Item(place, before, len(content), source=file)
    return Item(place, after, len(clean), content=clean, original=before)
