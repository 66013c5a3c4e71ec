"""What tests wait for: an event, however slow the machine is, and no longer than something moves."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests import patience


def test_patience_is_renewed_for_as_long_as_something_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STANDSTILL", 0.5)
    monkeypatch.setattr(patience, "LOOK", 0.05)
    written: list[int] = []

    def write() -> None:
        for number in range(12):
            (tmp_path / str(number)).touch()
            written.append(number)
            time.sleep(0.1)

    threading.Thread(target=write, daemon=True).start()
    patience.wait_until(lambda: len(written) == 12, tmp_path)


def test_a_standstill_ends_it_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "STANDSTILL", 0.1)
    monkeypatch.setattr(patience, "LOOK", 0.01)
    with pytest.raises(AssertionError, match=rf"nothing moved for 0 s in {tmp_path}:\nits last words"):
        patience.wait_until(lambda: False, tmp_path, said=lambda: "its last words")


def test_a_job_that_ends_first_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as job, pytest.raises(AssertionError, match="it ended before the moment"):
        patience.wait_until(lambda: False, job=job)


def test_a_command_gives_its_status_and_what_it_said(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['GIVEN'], os.getcwd()); print('bad', file=sys.stderr); sys.exit(3)"
    done = patience.run([sys.executable, "-c", code], tmp_path, GIVEN="7")
    assert (done.returncode, done.stdout, done.stderr) == (3, f"7 {tmp_path}\n", "bad\n")
