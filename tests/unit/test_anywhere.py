"""Commands work in other places: in a Turkish locale, without one, and where the temporary folder is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .provenance.test_forged import Files, Forgery, honest

__all__ = ["honest"]

PROMPTS = "ID,PROMPT,LANG\nI1,Iğdır'da ısı kaç İ ß?,tr\nI2,¿Qué pasó? “Ja” 你好,tr\n"


def polyglot(*words: str | Path, **variables: str) -> tuple[int, str]:
    """The status of a command, and what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    command = [sys.executable, "-m", "polyglot", *map(str, words)]
    done = subprocess.run(command, capture_output=True, env=kept | variables, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def turkish(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Turkish user, in which small I has no dot for programs that ask the locale."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("locales cannot be made here: no localedef")
    command = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode > 1:  # 1 is a warning
        pytest.skip("a Turkish locale cannot be made here")
    return {"LOCPATH": str(folder), "LC_ALL": "tr_TR.UTF-8"}


def test_a_turkish_locale_changes_nothing(turkish: dict[str, str], honest: Files, tmp_path: Path) -> None:
    asked = "import locale, time; locale.setlocale(locale.LC_ALL, ''); print(time.strftime('%B', (2026, 1) + (1,) * 7))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env=os.environ | turkish, check=True)
    assert told.stdout == "Ocak\n"
    (tmp_path / "PROMPTS.CSV").write_text(PROMPTS, encoding="utf-8")
    for words in (
        ("check", tmp_path / "PROMPTS.CSV"),
        ("verify", Forgery(honest).write(tmp_path / "a.zip")),
        ("list", "metrics"),
    ):
        usual = polyglot(*words, LC_ALL="C.UTF-8")
        assert polyglot(*words, **turkish) == usual
        assert usual[0] == 0, usual


def test_without_a_locale_letters_are_spelt_out_and_files_are_read_alike(tmp_path: Path) -> None:
    file = tmp_path / "Iğdır.jsonl"
    file.write_text('{"prompt": "a"}\n{"prompt": 7, "ü": \n', encoding="utf-8")
    usual = polyglot("check", file, LC_ALL="C.UTF-8")
    bare = polyglot("check", file, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert bare == (usual[0], usual[1].encode("ascii", "backslashreplace").decode())
    assert "Iğdır.jsonl" in usual[1]
    assert usual[0] == 1


FULL = 'mount -t tmpfs -o size=16k full "$0" && head -c 20000 /dev/zero > "$0/fill" 2>/dev/null; TMPDIR="$0" exec "$@"'


def test_a_full_temporary_folder_is_left_alone(honest: Files, tmp_path: Path) -> None:
    """There is another, or the message says what to set."""
    full, archive = tmp_path / "full", Forgery(honest).write(tmp_path / "a.zip")
    full.mkdir()
    unshared = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*unshared, FULL, str(full), "true"], check=False).returncode:
        pytest.skip("no mounts of one's own here")
    command = [*unshared, FULL, str(full), sys.executable, "-m", "polyglot"]
    done = subprocess.run([*command, "verify", str(archive)], capture_output=True, text=True, check=False)
    assert (done.returncode, "a.zip is verified" in done.stdout) == (0, True), done.stderr
    table = tmp_path / "table.csv"
    metrics = "prompt_diversity,response_diversity,reward,perplexity"
    table.write_text(f"teacher,lang,{metrics},pgr\na,de,0.1,0.2,3,4,0.2\nb,de,0.3,0.1,2,5,0.1\n")
    done = subprocess.run([*command, "score", str(table), "--to", str(full)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No space left on device. Free some space, or set TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr
