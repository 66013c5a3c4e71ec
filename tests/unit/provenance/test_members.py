"""What the zip file of an archive holds beside its files: the list of entries, its end, and fields of entries."""

from __future__ import annotations

import struct
import zipfile
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
