"""Lines on a terminal and on a pipe; standard error is taken over, and given back whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from polyglot.workflow.progress.screen import BACK, PLAIN_SECONDS, Screen

WATCHED = """
import logging, os, subprocess, sys
from polyglot.workflow.progress.watch import Watch
watch = Watch()
{}
watch.close()
print("and now outside", file=sys.stderr)
"""


def shown(terminal: bool, tmp_path: Path) -> tuple[Screen, Path]:
    path = tmp_path / "screen"
    return Screen(os.open(path, os.O_WRONLY | os.O_CREAT), terminal=terminal, columns=lambda: 40), path


def watched(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", WATCHED.format(code)], check=True, capture_output=True, text=True, timeout=120)
    return done.stderr


def test_a_terminal_has_one_line_that_is_drawn_anew(tmp_path: Path) -> None:
    screen, path = shown(True, tmp_path)
    screen.show("1 of 9", 0.0)
    screen.show("1 of 9", 1.0)
    screen.say("a table")
    screen.show("x" * 100, 2.0)
    screen.show(None, 3.0)
    assert path.read_bytes().decode() == f"{BACK}1 of 9{BACK}a table\n{BACK}1 of 9{BACK}{'x' * 39}{BACK}"


def test_a_line_moves_no_cursor(tmp_path: Path) -> None:
    screen, path = shown(False, tmp_path)
    screen.say("an endpoint says \x1b]0;x\x07 \u202e\rdone")
    assert path.read_text() == "an endpoint says \\x1b]0;x\\x07 \\u202e\\rdone\n"


def test_elsewhere_there_is_a_plain_line_now_and_then(tmp_path: Path) -> None:
    screen, path = shown(False, tmp_path)
    for second in range(60):
        screen.show(f"second {second}", float(second))
        if second % 2:
            screen.show(None, float(second))
    screen.say("a table")
    assert path.read_text() == f"second {PLAIN_SECONDS:.0f}\nsecond {2 * PLAIN_SECONDS:.0f}\na table\n"


def test_what_jobs_write_to_standard_error_is_all_shown() -> None:
    text = watched("""
subprocess.run(["sh", "-c", "echo one >&2; printf two >&2"], check=True)
print(" and a half", file=sys.stderr)
os.write(2, b"x" * 200_000 + b"\\n")
os.write(2, b"\\xff without an end")
""")
    lines = text.splitlines()
    assert lines[:2] == ["one", "two and a half"]
    assert len(lines[2]) == 200_000
    assert lines[3:] == ["\ufffd without an end", "and now outside"]


def test_jobs_see_no_terminal_and_know_that_the_run_is_followed() -> None:
    text = watched("""
subprocess.run([sys.executable, "-c", "import os, sys; print(os.isatty(2), os.environ['POLYGLOT_FOLLOWED'], file=sys.stderr)"])
""")
    assert text == "False 1\nand now outside\n"


def test_a_fault_of_its_own_never_reaches_the_run_and_hides_no_error() -> None:
    text = watched("""
def broken(*_): raise ZeroDivisionError("oh")
watch._follower.event = broken
for level, words in ((20, "Select jobs"), (40, "a rule failed")):
    watch.event(logging.LogRecord("x", level, "", 0, words, None, None))
print("a job's own words", file=sys.stderr)
""")
    assert "progress can be shown no longer (ZeroDivisionError: oh); the run goes on" in text
    assert text.count("shown no longer") == 1
    assert "a job's own words" in text
    assert text.endswith("and now outside\n")


def test_a_terminal_that_is_gone_does_not_stop_the_run() -> None:
    code = WATCHED.format("""
for number in range(50): os.write(2, b"a line\\n")
watch.event(logging.LogRecord("x", 40, "", 0, "words", None, None))
print("the run ends", flush=True)
""").replace('print("and now outside", file=sys.stderr)', "os._exit(0)")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.PIPE, stderr=write, text=True, timeout=120)
    os.close(write)
    assert done.stdout == "the run ends\n"
    assert done.returncode == 0
