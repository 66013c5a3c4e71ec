"""What the zip file of an archive holds beside its files: the list of entries, its end, and fields of entries."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from polyglot.provenance.archive.contents import text_item
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.members import check_members
from polyglot.provenance.archive.writing import write_archive


def checked(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        check_members(file, path.stat().st_size)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with the records of one of more than 2 GiB, which `zipfile` writes in a small one, too, if told to."""
    path = tmp_path / "archive.zip"
    with monkeypatch.context() as patched:
        patched.setattr(zipfile, "ZIP64_LIMIT", 100)
        write_archive([text_item(METADATA, "{}"), text_item("results/a.csv", "".join(map(chr, range(32, 800))))], path)
    assert b"PK\x06\x06" in path.read_bytes()
    return path


def test_an_archive_of_more_than_2_gib_is_as_good_as_a_small_one(large: Path) -> None:
    checked(large)


def hidden(content: bytes) -> bytes:
    """Bytes after the end, which programs pass over."""
    return content + b"hidden"


def another_list(content: bytes) -> bytes:
    """An end that names another list of entries, which some programs believe."""
    start = content.rindex(b"PK\x05\x06")
    return content[: start + 12] + struct.pack("<LL", 46, 30) + content[start + 20 :]


def another_end(content: bytes) -> bytes:
    """A pointer to other records of a large file, which some programs follow."""
    start = content.index(b"PK\x06\x07")
    return content[: start + 8] + struct.pack("<Q", 30) + content[start + 16 :]


@pytest.mark.parametrize("change", [hidden, another_list, another_end])
def test_an_end_that_is_not_that_of_the_entries_is_refused(large: Path, change: Callable[[bytes], bytes]) -> None:
    large.write_bytes(change(large.read_bytes()))
    with pytest.raises(ArchiveError, match="bytes that belong to no entry"):
        checked(large)


def named_otherwise(name: str, other: str) -> zipfile.ZipInfo:
    """An entry that Info-ZIP's unzip gives another name: with its field Unicode Path."""
    member = zipfile.ZipInfo(name)
    text = other.encode()
    member.extra = struct.pack("<HHBL", 0x7075, 5 + len(text), 1, zlib.crc32(name.encode())) + text
    return member


def test_an_entry_with_another_name_beside_its_own_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(named_otherwise("tables/good.csv", "tables/bad.csv"), "good")
        file.writestr(named_otherwise("tables/bad.csv", "tables/good.csv"), "bad")
    with pytest.raises(ArchiveError, match=r"^tables/(good|bad)\.csv: it has an extra field"):
        checked(path)


def test_a_field_that_only_the_entrys_own_header_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as file:
        member = named_otherwise("tables/good.csv", "tables/bad.csv")
        file.writestr(member, "good")
        member.extra = b""  # the list of entries is written when the file is closed
    with pytest.raises(ArchiveError, match=r"^tables/good\.csv: it has an extra field"):
        checked(path)


def test_numbers_of_a_large_entry_are_its_own(large: Path) -> None:
    content = large.read_bytes()
    field = struct.pack("<HH", 1, 16)  # of the entry that is larger than 100 bytes
    start = content.index(field)
    large.write_bytes(content[: start + 4] + b"hidden" + content[start + 10 :])
    with pytest.raises(ArchiveError, match=r"^manifest-sha256\.txt: it has an extra field"):
        checked(large)
