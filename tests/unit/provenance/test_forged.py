"""Forged and hostile archives: each is refused by name, or what it proves is said honestly."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from polyglot.intrinsic.metrics import PAPER, STANDARD
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.reading import JOBS, open_archive
from polyglot.provenance.archive.signatures import NAMESPACE, check_signature
from polyglot.provenance.archive.tracing import trace
from polyglot.provenance.archive.verifying import CODE, verify
from polyglot.provenance.archive.writing import COMMENT, MANIFEST
from polyglot.provenance.records import code_id

from .test_replay import archived

BOARD = "results/demo/tables/intrinsic.csv"
AT = "2026-01-01T00:00:00+00:00"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an archive with one table, which its job makes again."""
    folder = tmp_path_factory.mktemp("honest")
    line = archived(folder, STANDARD, PAPER, told=True)[3]
    text = json.dumps(line | {"id": "table/intrinsic", "shell": None, "began": AT, "ended": AT, "attempts": [], "measured": {}})
    text = text.replace('"results/', '"results/demo/')
    paths = ["results/intrinsic.csv", *sorted(str(p.relative_to(folder)) for p in (folder / "results/tables").iterdir())]
    files = {path.replace("results/", "results/demo/", 1): (folder / path).read_bytes() for path in paths}
    code = {"format": 2, "archived": code_id(), "versions": {code_id(): {"commit": None}}}
    return files | {
        JOBS: f"{text}\n".encode(),
        CODE: json.dumps(code).encode(),
        "provenance/models.json": b"{}",
        "README.md": b"# Archive\n",
        "results/demo/figures/gain.png": b"\x89PNG",
        "results/demo/logs/table.log": b"done\n",
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Forgery:
    """What a forger does: files that fit all hashes, entries around them, and a manifest, crate or comment of his own."""

    files: Files
    before: list[tuple[zipfile.ZipInfo | str, bytes]] = field(default_factory=list)
    after: list[tuple[zipfile.ZipInfo | str, bytes]] = field(default_factory=list)
    crate: bytes | None = None
    manifest: bytes | None = None
    comment: bytes | None = None

    def write(self, path: Path) -> Path:
        declared = [{"@id": name, "name": name, "@type": "File", "sha256": digest(text)} for name, text in self.files.items()]
        crate = json.dumps({"@graph": declared}).encode() if self.crate is None else self.crate
        whole = self.files | {METADATA: crate}
        listed = "".join(f"{digest(text)}  {name}\n" for name, text in sorted(whole.items())).encode()
        listed = listed if self.manifest is None else self.manifest
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, text in [*self.before, (MANIFEST, listed), *whole.items(), *self.after]:
                file.writestr(name, text)
            file.comment = COMMENT.encode() + digest(listed).encode() if self.comment is None else self.comment
        return path


def with_files(**changed: bytes) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.files |= {name.replace("__", "/").replace("_DOT_", "."): text for name, text in changed.items()}

    return change


def entry(name: str, content: bytes = b"evil", *, first: bool = True) -> Callable[[Forgery], None]:
    """An entry that neither manifest nor crate knows."""

    def change(forgery: Forgery) -> None:
        (forgery.before if first else forgery.after).append((name, content))

    return change


def declared(name: str, content: bytes = b"evil") -> Callable[[Forgery], None]:
    """A file whose hashes all fit."""

    def change(forgery: Forgery) -> None:
        forgery.files[name] = content

    return change


def link(forgery: Forgery) -> None:
    info = zipfile.ZipInfo("results/demo/link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    forgery.files["results/demo/link"] = b"/etc/passwd"
    forgery.before.append((info, b"/etc/passwd"))


def commented(forgery: Forgery) -> None:
    info = zipfile.ZipInfo("results/demo/note.md")
    info.comment = b"the best is Careless"
    forgery.before.append((info, b"x"))


def code(**changed: object) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.files[CODE] = json.dumps(json.loads(forgery.files[CODE]) | changed).encode()

    return change


def job(**changed: object) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.files[JOBS] = json.dumps(json.loads(forgery.files[JOBS]) | changed).encode() + b"\n"

    return change


def without(*names: str) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        for name in [name for name in forgery.files if any(part in name for part in names)]:
            del forgery.files[name]

    return change


def no_tables(forgery: Forgery) -> None:
    without("tables/")(forgery)
    forgery.files[JOBS] = b""


def deeper(forgery: Forgery) -> None:
    no_tables(forgery)
    forgery.files["results/demo/tables/v1/leaderboard.csv"] = b"teacher\nevil\n"


def crate(content: bytes) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.crate = content

    return change


def manifest(line: str) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.manifest = f"{digest(b'')}  {METADATA}\n{line}".encode()

    return change


def comment(content: bytes) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.comment = content

    return change


def same_folder(forgery: Forgery) -> None:
    forgery.files |= {"results/demo/a": b"1", "results/demo/a/b": b"2"}


def other_board(forgery: Forgery) -> None:
    forgery.files["README.md"] = b"| Careless | 9.99 |"
    for end in ("csv", "md", "tex", "html"):
        forgery.files[f"results/demo/tables/leaderboard.{end}"] = forgery.files[f"results/demo/tables/intrinsic.{end}"]
    forgery.files[JOBS] += forgery.files[JOBS].replace(b"tables/intrinsic", b"tables/leaderboard")


def packed(forgery: Forgery) -> None:
    """An entry compressed in a way that few readers know."""
    info = zipfile.ZipInfo("results/demo/packed.md")
    info.compress_type = zipfile.ZIP_BZIP2
    forgery.before.append((info, b"evil"))


CANONICAL = "not its own canonical path"
FORGERIES: Mapping[str, tuple[Callable[[Forgery], None], str]] = {
    "two slashes": (entry("results/demo/tables//intrinsic.csv"), CANONICAL),
    "dot": (entry("./" + BOARD), CANONICAL),
    "dots": (entry("../" + BOARD), CANONICAL),
    "dots inside": (entry("results/x/../demo/tables/intrinsic.csv"), CANONICAL),
    "absolute": (entry("/" + BOARD), "not a path inside"),
    "drive": (entry("C:/evil.txt"), "not a path inside"),
    "backslashes": (entry(BOARD.replace("/", "\\")), "not a path inside"),
    "a folder": (entry("results/demo/empty/", b""), CANONICAL),
    "another case": (entry(BOARD.replace("intrinsic", "Intrinsic")), "same file as"),
    "wide letters": (entry(BOARD.replace("intrinsic", "ｉntrinsic")), "same file as"),
    "decomposed": (entry("results/demo/u\u0308.md"), "canonical form"),
    "a dot at the end": (entry(BOARD + "."), "ends in a dot or space"),
    "twice": (entry(BOARD), "duplicate entry"),
    "packed otherwise": (packed, "compress|not in the manifest"),
    "a crate in UTF-16": (crate('{"@graph": []}'.encode("utf-16")), "cannot be read"),
    "a crate with a key twice": (crate(b'{"@graph": [], "@graph": []}'), "twice"),
    "a job with a key twice": (declared(JOBS, b'{"id": "a", "id": "b"}\n'), "twice"),
    "a job with a number of 100,000 digits": (declared(JOBS, b'{"id": ' + b"9" * 100_000 + b"}\n"), "line 1"),
    "jobs in UTF-16": (declared(JOBS, '{"id": "a"}\n'.encode("utf-16")), "cannot be read|no JSON|line 1|UTF-8"),
    "terminal codes": (entry("results/demo/\x1b[2Jnote.md"), r"x1b\[2Jnote.md: its name holds control"),
    "turned direction": (entry("results/demo/\u202egnp.exe"), r"u202egnp.exe: its name holds control"),
    "too deep": (entry("a/" * 50 + "b"), "folders"),
    "too long": (entry("a" * 2000), "longer than"),
    "not in the manifest": (entry("results/demo/more.md"), "not in the manifest"),
    "a file and a folder": (same_folder, "in it as in a folder"),
    "a declared path out": (declared("../evil.md"), CANONICAL),
    "a link": (link, "duplicate entry|no plain file"),
    "a comment": (commented, "it has a comment|not in the manifest"),
    "a bomb": (declared("results/demo/zeros", b"\0" * 300_000_000), "no study's does"),
    "no tables": (no_tables, "holds no tables"),
    "tables one folder deeper": (deeper, "no job of the archive makes it"),
    "an edited table": (declared(BOARD, b"teacher,lang\nevil,de\n"), r"tables/intrinsic\.csv: "),
    "README with another leaderboard": (other_board, r"README\.md: its leaderboard is not"),
    "no crate's graph": (crate(b"[1, 2]"), "no list '@graph'"),
    "a crate of words": (crate(b'{"@graph": ["a"]}'), "entity 1 of '@graph'"),
    "a crate of numbers": (crate(b'{"@graph": [{"@id": 5, "@type": "File"}]}'), "entity 1 of '@graph'"),
    "a deep crate": (crate(b"[" * 200_000), "nested too deeply"),
    "a crate with NaN": (crate(b'{"@graph": NaN}'), "NaN is no number"),
    "a crate in Latin-1": (crate('{"@graph": "ä"}'.encode("latin-1")), "cannot be read"),
    "jobs that are none": (declared(JOBS, b"hello\n"), "line 1: it is no JSON"),
    "a number for a job": (declared(JOBS, b"5\n"), "line 1: the whole"),
    "a job without parts": (declared(JOBS, b"{}\n"), "line 1: id: Field required"),
    "a deep job": (declared(JOBS, b"[" * 200_000), "nested too deeply"),
    "a job with a number for files": (job(input=5), "line 1: input"),
    "a job that reads elsewhere": (job(input={"unnamed": ["/etc/passwd"], "named": {}}), "/etc/passwd: it is not in the archive"),
    "a job that writes elsewhere": (job(output={"unnamed": ["/tmp/evil"], "named": {}}), "/tmp/evil: it is not in the archive"),
    "a job of another function": (
        job(params={"unnamed": [], "named": {"values": {"function": "os.system"}}}),
        "cannot be recomp",
    ),
    "a job without parameters": (job(params={"unnamed": [], "named": {}}), "cannot be recomputed"),
    "no code": (without(CODE), "it is missing"),
    "code without versions": (declared(CODE, b"{}"), "archived: Field required"),
    "code of a version not described": (code(archived="0" * 16), "is not described"),
    "a later format": (code(format=99), "format 99, and this version"),
    "a manifest of words": (manifest("hello\n"), "line 2 is not a hash and path"),
    "a manifest with a path twice": (manifest(f"{'0' * 64}  {METADATA}\n"), "in the manifest twice"),
    "no fingerprint": (comment(b""), "states no fingerprint"),
    "a fingerprint of words": (comment(COMMENT.encode() + b"\x1b[2J"), "states no fingerprint"),
    "another fingerprint": (comment(COMMENT.encode() + b"0" * 64), "not the one that the archive was made with"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_archive_is_refused_with_what_is_wrong_in_it(honest: Files, tmp_path: Path, name: str) -> None:
    change, said = FORGERIES[name]
    forgery = Forgery(dict(honest))
    change(forgery)
    with pytest.raises(ArchiveError, match=said) as found:
        verify(forgery.write(tmp_path / "forged.zip"))
    assert "\x1b" not in str(found.value)
    assert [path.name for path in tmp_path.iterdir()] == ["forged.zip"]


@pytest.mark.parametrize("where", ["before", "after"])
def test_bytes_that_belong_to_no_entry_are_refused(honest: Files, tmp_path: Path, where: str) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    other = Forgery({"evil.md": b"evil"}).write(tmp_path / "b.zip")
    content, hidden = path.read_bytes(), other.read_bytes()
    path.write_bytes(hidden + content if where == "before" else content)
    if where == "after":
        with zipfile.ZipFile(path, "a") as file:
            size, start = len(hidden), file.start_dir
        path.write_bytes(content[:start] + hidden + content[start : -COMMENTED - 22] + ended(content, size))
    with pytest.raises(ArchiveError, match=r"bytes that belong to no entry"):
        verify(path)


COMMENTED = len(COMMENT) + 64


def ended(content: bytes, more: int) -> bytes:
    """The end of a zip file whose list of entries stands so many bytes later."""
    end = content[-COMMENTED - 22 :]
    start = int.from_bytes(end[16:20], "little") + more
    return end[:16] + start.to_bytes(4, "little") + end[20:]


def test_an_honest_archive_says_apart_what_is_recomputed_hashed_and_to_be_compared(honest: Files, tmp_path: Path) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "honest.zip")
    verdict = verify(path)
    lines = verdict.sentences(path)
    assert lines[1].startswith("recomputed: 4 score files and tables")
    assert lines[2].startswith("hashed only: 8 files (figures: 1, ")
    assert lines[3].startswith(f"consistent, compare the fingerprint: {verdict.fingerprint}")
    assert replace(verdict, told=True).sentences(path)[3].startswith(f"fingerprint {verdict.fingerprint}, as given")
    with pytest.raises(ArchiveError, match="not the given one"):
        verify(path, told="0" * 64)
    figure = {"results/demo/figures/gain.png": b"\x89PNG of another"}
    with pytest.raises(ArchiveError, match="not the given one"):  # all its hashes fit
        verify(Forgery(honest | figure).write(path), told=verdict.fingerprint)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_signature_is_checked_and_who_may_sign_is_said(honest: Files, tmp_path: Path) -> None:
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    for name in ("ada", "eve"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name))
    run("ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / "ada"), "-n", NAMESPACE, str(path))
    signers = tmp_path / "signers"
    signers.write_text(f"ada@example.org {(tmp_path / 'ada.pub').read_text()}")
    signature = tmp_path / "a.zip.sig"
    assert verify(path, signers=signers).signed.startswith("signed by ada@example.org with the key SHA256:")
    assert "compare it with the signer's" in check_signature(path, signature, None)
    signers.write_text(f"eve@example.org {(tmp_path / 'eve.pub').read_text()}")
    with pytest.raises(ArchiveError, match="is of nobody in"):
        verify(path, signers=signers)
    changed = Forgery(honest | {"README.md": b"# Another\n"}).write(path)
    with pytest.raises(ArchiveError, match=r"not a signature of a\.zip"):
        verify(changed)
    signature.unlink()
    with pytest.raises(ArchiveError, match="no such file"):
        verify(path, signers=signers)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def test_time_to_refuse_grows_with_the_entries(honest: Files, tmp_path: Path) -> None:
    def seconds(entries: int) -> float:
        forgery = Forgery(dict(honest), before=[(f"f{number}", b"") for number in range(entries)], after=[("f0", b"")])
        path = forgery.write(tmp_path / "many.zip")
        began = time.process_time()
        with pytest.raises(ArchiveError, match="duplicate entry"):
            verify(path)
        return time.process_time() - began

    few, many = seconds(2_000), seconds(20_000)
    assert many < 40 * few + 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_trace_checks_the_hashes_that_it_prints(honest: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a study that has been run in this clone has a file of this name
    path = Forgery(dict(honest)).write(tmp_path / "a.zip")
    with open_archive(path) as opened:
        steps = list(trace(opened, Path(BOARD), []))
        assert any(digest(honest[BOARD])[:12] in step for step in steps)
        (opened.folder / "results/demo/intrinsic.csv").write_text("teacher\nevil\n")
        with pytest.raises(ArchiveError, match=r"intrinsic\.csv: its SHA-256 is not"):
            list(trace(opened, Path(BOARD), []))
