"""The archive's file: a zip that is byte-identical whenever it is made from the same results."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from polyglot.core.files import atomic
from polyglot.provenance.archive.contents import Item
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.members import check_paths

MANIFEST = "manifest-sha256.txt"
"""The SHA-256 of every other file, as `sha256sum --check` reads it. Its own SHA-256 is the archive's fingerprint."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every member; the crate has the files' real times."""
COMMENT = "polyglot-score archive, fingerprint "


def manifest(items: Iterable[Item]) -> str:
    return "".join(f"{item.sha256}  {item.path}\n" for item in sorted(items, key=lambda item: item.path) if not item.outside)


def fingerprint(manifest_text: bytes) -> str:
    """The fingerprint of an archive and all its contents."""
    return hashlib.sha256(manifest_text).hexdigest()


def write_archive(items: Iterable[Item], path: Path) -> str:
    """Write the included files, with their manifest.

    Returns:
        The archive's fingerprint.

    Raises:
        ArchiveError: for names that no reader of archives would take, before anything is written.
        RuntimeError: if a file has changed since it was collected.
    """
    inside = sorted((item for item in items if not item.outside), key=lambda item: item.path)
    try:
        check_paths([*(item.path for item in inside), MANIFEST])
    except ArchiveError as error:
        raise ArchiveError(f"{error}; rename it, and make the archive again") from None
    listed = manifest(inside).encode()
    with atomic(path) as partial, zipfile.ZipFile(partial, "w") as file:
        _add(file, MANIFEST, listed)
        for item in inside:
            content = item.read()
            if hashlib.sha256(content).hexdigest() != item.sha256:
                raise RuntimeError(f"{item.path} has changed while it was archived; make the archive again")
            _add(file, item.path, content)
        file.comment = (COMMENT + fingerprint(listed)).encode()
    return fingerprint(listed)


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, EPOCH)
    member.external_attr = 0o644 << 16
    file.writestr(member, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
