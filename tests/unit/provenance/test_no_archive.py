"""What is no archive, or not the one that was meant: fingerprints in part, sizes that are lies, pipes, links, signatures."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.verifying import verify

from .test_forged import BOARD, Files, Forgery
from .test_forged import honest as honest


def test_a_fingerprint_may_be_written_in_capitals_and_not_in_part(honest: Files, tmp_path: Path) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    fingerprint = verify(path).fingerprint
    for told in (fingerprint.upper(), f" {fingerprint}\n"):
        assert verify(path, told=told).fingerprint == fingerprint
    for told in (fingerprint[:8], fingerprint[:-1], "", "none"):
        with pytest.raises(ArchiveError, match="fingerprint"):
            verify(path, told=told)


def test_a_size_that_is_a_lie_is_refused(honest: Files, tmp_path: Path) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    content = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        info = file.getinfo("README.md")
    for size in (3, 10_000):
        place = content.rindex(b"README.md") - 46
        assert content[place : place + 4] == b"PK\1\2"
        lying = content[: place + 24] + size.to_bytes(4, "little") + content[place + 28 :]
        path.write_bytes(lying)
        with pytest.raises(ArchiveError, match=r"README\.md"):
            verify(path)
    local = content[: info.header_offset + 30] + b"README.MD" + content[info.header_offset + 39 :]
    path.write_bytes(local)
    with pytest.raises(ArchiveError, match=r"README\.md"):
        verify(path)


def test_a_folder_with_what_is_no_file_is_refused(honest: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(Forgery(dict(honest)).write(tmp_path / "a.zip")) as file:
        file.extractall(tmp_path / "a")
    for kind in ("pipe", "link", "link to a folder"):
        strange = tmp_path / "a/results/demo/strange"
        if kind == "pipe":
            os.mkfifo(strange)
        else:
            strange.symlink_to("/etc/passwd" if kind == "link" else "/etc")
        with pytest.raises(ArchiveError, match="strange"):
            verify(tmp_path / "a")
        strange.unlink()
    board = tmp_path / "a" / BOARD
    text = board.read_bytes()
    board.unlink()
    os.mkfifo(board)
    with pytest.raises(ArchiveError, match=r"intrinsic\.csv"):
        verify(tmp_path / "a")
    board.unlink()
    (tmp_path / "elsewhere.csv").write_bytes(text)
    board.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(ArchiveError, match=r"intrinsic\.csv"):
        verify(tmp_path / "a")


@pytest.mark.parametrize("kind", ["tar", "gz", "empty folder", "device", "pipe"])
def test_what_is_no_archive_at_all_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.zip"
    if kind == "tar":
        with tarfile.open(path, "w:gz") as file:
            file.add(__file__)
    elif kind == "gz":
        path.write_bytes(gzip.compress(b"x"))
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    with pytest.raises(ArchiveError):
        verify(path)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize("kind", ["a page", "empty", "signers are a folder"])
def test_a_signature_that_is_none_is_refused(honest: Files, tmp_path: Path, kind: str) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    signature = tmp_path / "a.zip.sig"
    signature.write_text("<html>\x1b[2J" if kind == "a page" else "")
    with pytest.raises(ArchiveError, match=r"a\.zip\.sig: not a signature|: no such file") as found:
        verify(path, signers=tmp_path if kind == "signers are a folder" else None)
    assert "\x1b" not in str(found.value)
