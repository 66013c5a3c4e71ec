"""A path that a command is given and that no system takes ends it with one message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from polyglot.__main__ import main

LONG = "x" * 300
OF_MODELS = ("--teacher", "gpt-4o-mini", "--judge", "none", "--embedding", "minilm", "--base", "none")
COMMANDS: Sequence[Sequence[str]] = (
    ("agree", LONG),
    ("export", LONG, "--to", "a.jsonl"),
    ("export", ".", "--to", LONG),
    ("init", LONG, "--languages", "sw", "--prompts", "a", *OF_MODELS),
    ("init", "x", "--languages", "sw", "--prompts", LONG, *OF_MODELS),
    ("persyn", LONG),
    ("publish", LONG, "--to", "a/b"),
    ("reference", "--to", LONG),
    ("result", LONG),
    ("score", LONG, "--to", "scored"),
    ("teachers", "check", "--configfile", LONG),
    ("try", "--configfile", LONG),
    ("verify", LONG),
    ("watch", LONG, "--once"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words).replace(LONG, "LONG"))
def test_a_name_that_is_too_long_is_told(
    words: Sequence[str], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config", "docs"):
        (tmp_path / name).symlink_to(repository / name)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=f"{words[0]}: .*{LONG}.*: File name too long; correct the path|cannot be read") as told:
        main(words)
    assert "Errno" not in str(told.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "docs"]


def test_the_other_files_are_checked_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "a", "response": "b"}\n')
    with pytest.raises(SystemExit):
        main(["check", LONG, str(tmp_path / "a.jsonl")])
    told = capsys.readouterr().out
    assert "there is no such file or folder" in told
    assert "1 rows, 1 with a response" in told
