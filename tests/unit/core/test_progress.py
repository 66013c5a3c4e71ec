"""Long steps show their progress: a bar on a terminal, lines in a log."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

import pytest

from polyglot.core.progress import TERMINAL, progress


def test_progress_in_a_log_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(total=10, initial=4, title="work", unit="item") as bar:
        bar.advance(6, tokens=60)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("work: resumed, 4/10 items")
    assert lines[-1].startswith("work: done, 10/10 items")
    assert "tokens/s" in lines[-1]


def test_progress_on_a_terminal_is_a_bar_and_the_log_keeps_its_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.set_blocking(controller, False)
    monkeypatch.setenv(TERMINAL, str(terminal))
    with progress(total=10, title="work", unit="item") as bar:
        bar.advance(10)
    drawn = os.read(controller, 4096).decode()
    assert "work:" in drawn
    assert "0/10" in drawn
    assert "\r" in drawn
    assert "work: done, 10/10 items" in capsys.readouterr().err


def test_an_interrupted_step_does_not_say_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="x"), progress(total=10, title="work"):
        raise ValueError("x")
    assert "work: stopped, 0/10" in capsys.readouterr().err
