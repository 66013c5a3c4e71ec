"""The members of an archive's zip file, judged before any is unpacked: their names, kinds, number and sizes."""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from polyglot.core.text import printable
from polyglot.provenance.archive.errors import ArchiveError

MOST, DEEPEST, LONGEST = 200_000, 40, 1024
"""Entries of an archive; folders around a file; bytes of a path."""
USUAL_SIZE, SMALL, MOST_TIMES = 64 * 10**9, 200 * 10**6, 60
"""Bytes of an unpacked archive; bytes below which any compression is believed; how many times larger the rest may unpack."""
LOCAL, CENTRAL = 30, 46
"""Bytes of the zip format's headers, without names, extra fields and comments."""
LARGE, MOST_END = b"PK\x06\x06", 2**16 + 98
"""What the records of large files begin with; bytes of the longest end of a zip file."""
UNPACK = "; if you trust it, unpack it yourself and verify the folder"


def composed(path: str) -> str:
    """A path in Unicode's canonical form (NFC). On macOS, names of files often are in another, with accents apart."""
    return unicodedata.normalize("NFC", path)


def check_path(path: str, where: str = "") -> None:
    """Refuse a path that is not its own canonical form, or that could be taken for another.

    Raises:
        ArchiveError: names it, and what is wrong.
    """
    parts = path.split("/")
    wrong = None
    if not path or path != composed(path):
        wrong = "its name is not in Unicode's canonical form (NFC)" if path else "an entry without a name"
    elif "\\" in path or PurePosixPath(path).is_absolute() or (len(path) > 1 and path[1] == ":"):
        wrong = "its name is not a path inside of the archive"
    elif any(part in ("", ".", "..") for part in parts):
        wrong = "its name is not its own canonical path ('//', './' or '../', or a folder)"
    elif path != printable(path, kept=""):
        wrong = "its name holds control characters"
    elif len(parts) > DEEPEST or len(path.encode()) > LONGEST:
        wrong = f"its name is longer than {LONGEST:,} bytes, or in more than {DEEPEST} folders"
    elif any(part != part.rstrip(". ") for part in parts):
        wrong = "its name ends in a dot or space, which some systems leave out"
    if wrong:
        raise ArchiveError(f"{where}{path or '(no name)'}: {wrong}")


def check_paths(paths: Iterable[str]) -> None:
    """Refuse paths of which two would be one file on some system, or of which one is a file and another's folder.

    Raises:
        ArchiveError: names both.
    """
    known: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        check_path(path)
        folded = _folded(path)
        if known.get(folded) == path:
            raise ArchiveError(f"{path}: duplicate entry")
        if folded in known:
            raise ArchiveError(f"{path}: on some systems it is the same file as {known[folded]}")
        known[folded] = path
        for parent in PurePosixPath(folded).parents[:-1]:
            folders.setdefault(str(parent), path)
    for folded in known.keys() & folders.keys():
        raise ArchiveError(f"{known[folded]}: it is a file, and {folders[folded]} lies in it as in a folder")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def check_members(file: zipfile.ZipFile, size: int) -> None:
    """Refuse members that are not plain files at canonical paths, more or larger ones than an archive has, and hidden bytes.

    Args:
        size: bytes of the zip file.

    Raises:
        ArchiveError: names the first member, and what is wrong.
    """
    members = file.infolist()
    if len(members) > MOST:
        raise ArchiveError(f"the archive has {len(members):,} entries, more than the {MOST:,} that are unpacked{UNPACK}")
    for member in members:
        sizes = (member.file_size, member.compress_size)
        place = (member.header_offset,)
        _check_extra(member, member.extra, sizes, place, (*sizes, *place))
        if member.orig_filename != member.filename:
            raise ArchiveError(f"{member.orig_filename}: its name is not its own canonical path (or holds control characters)")
    check_paths(member.filename for member in members)
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise ArchiveError(f"{member.filename}: it is no plain file (a link or device)")
        if member.flag_bits & 0x1:
            raise ArchiveError(f"{member.filename}: it is encrypted")
        if member.comment:
            raise ArchiveError(f"{member.filename}: it has a comment, which no fingerprint covers")
    _check_sizes(members, size)
    _check_layout(file, members, size)


def _check_extra(member: zipfile.ZipInfo, extra: bytes, *numbers: tuple[int, ...]) -> None:
    """Refuse a field that gives an entry another name or owner, or holds what no hash covers; a large entry's numbers may stand
    in one."""
    if extra and extra not in [struct.pack(f"<HH{len(each)}Q", 1, 8 * len(each), *each) for each in numbers]:
        raise ArchiveError(f"{member.filename}: it has an extra field (another name, or times), which no fingerprint covers")


def _check_sizes(members: Iterable[zipfile.ZipInfo], size: int) -> None:
    whole = 0
    for member in members:
        whole += member.file_size
        if whole > USUAL_SIZE or whole > SMALL + MOST_TIMES * size:
            raise ArchiveError(
                f"{member.filename}: with it the archive of {size / 1e6:,.1f} MB unpacks to {whole / 1e9:,.1f} GB, which no "
                f"study's does{UNPACK}"
            )


def _check_layout(file: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], size: int) -> None:
    """Entries follow one another from the first byte on: nothing that another program would unpack hides between them."""
    assert file.fp is not None
    place = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset != place:
            raise ArchiveError(f"{member.filename}: bytes that belong to no entry stand before it")
        file.fp.seek(place)
        header = file.fp.read(LOCAL)
        if len(header) < LOCAL:
            raise ArchiveError(f"{member.filename}: it is damaged (its header is cut off)")
        name, extra = struct.unpack("<HH", header[26:30])
        file.fp.seek(place + LOCAL + name)
        _check_extra(member, file.fp.read(extra), (member.file_size, member.compress_size))
        place += LOCAL + name + extra + member.compress_size
    if file.start_dir != place:
        raise ArchiveError("bytes that belong to no entry stand before the list of entries")
    listed = sum(CENTRAL + len(_raw(member)) + len(member.extra) for member in members)
    file.fp.seek(place + listed)
    end = file.fp.read(MOST_END)
    expected = _end(len(file.infolist()), place, listed, file.comment, is_large=end.startswith(LARGE))
    if size != place + listed + len(expected) or end != expected:
        raise ArchiveError("bytes that belong to no entry stand after the list of entries, or its end is that of another list")


def _end(count: int, place: int, listed: int, comment: bytes, *, is_large: bool) -> bytes:
    """The end of a zip file. `is_large`: whether it has the records of large files, which `zipfile` writes from 2 GiB on, and
    others from 4 GiB on."""
    large = struct.pack("<4sQ2H2L4Q", LARGE, 44, 45, 45, 0, 0, count, count, listed, place)
    large += struct.pack("<4sLQL", b"PK\x06\x07", 0, place + listed, 1)
    counts, places = [min(count, 2**16 - 1)] * 2, [min(number, 2**32 - 1) for number in (listed, place)]
    return (large if is_large else b"") + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *counts, *places, len(comment)) + comment


def _raw(member: zipfile.ZipInfo) -> bytes:
    return member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437")
