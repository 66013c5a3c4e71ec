"""What a job says goes to its log, without keys and control characters; a failure stands there in full, in short elsewhere."""

from __future__ import annotations

import importlib.machinery
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from polyglot.core.damage import advice
from polyglot.core.errors import CAUSE, foreseen
from polyglot.core.key_finder import KeyFinder
from polyglot.core.lookup import load_plugins
from polyglot.core.progress import TERMINAL, TOLD_AT_END
from polyglot.core.text import printable, visible
from polyglot.provenance.records import recorded


@contextmanager
def logged(snakemake: Any, alone: str) -> Iterator[None]:
    """Run a job's script with its log and record.

    Args:
        alone: why the job does not share its start; nothing if it does, or need not.
    """
    log = Path(str(snakemake.log[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.dup(2)
    log.write_bytes(b"")
    with log.open("a", encoding="utf-8", buffering=1) as file, cleaned():
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        if os.isatty(terminal):
            os.environ[TERMINAL] = str(terminal)
        try:
            if alone:
                print(alone, file=sys.stderr)
            with recorded(snakemake), started_once():
                load_plugins(getattr(snakemake, "config", {}).get("plugins", []))
                yield
            tidy(log)
        except BaseException as error:
            traceback.print_exc()
            told = foreseen(error) or _of_damage(error, snakemake)
            if told is not None:
                print(f"\n{CAUSE}\n{told}", file=sys.stderr)
            tidy(log)
            os.dup2(terminal, 2)
            if TOLD_AT_END not in os.environ:
                said = f"{type(error).__name__}: {error}" if told is None else told
                print(f"{snakemake.rule}: {printable(said)}\n(the full traceback is in {log})", file=sys.stderr)
            raise SystemExit(1) from None


class Cleaned(io.TextIOWrapper):
    """A job's output as it may be read while the job runs, or after it was killed: without keys and control characters."""

    def __init__(self, descriptor: int) -> None:
        output = open(descriptor, "wb", closefd=False)  # noqa: SIM115  closed with the wrapper, which leaves the descriptor open
        super().__init__(output, encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self.keys = KeyFinder.here()

    def write(self, text: str, /) -> int:
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        super().write(visible(self.keys.hide(lines)))
        return len(text)


@contextmanager
def cleaned() -> Iterator[None]:
    """Have what Python code prints written without keys and control characters."""
    before = sys.stdout, sys.stderr
    sys.stdout.flush()
    sys.stderr.flush()
    sys.stdout, sys.stderr = Cleaned(1), Cleaned(2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def tidy(log: Path) -> None:
    """The same for the log of a job that has ended, with what other processes and compiled code wrote there. Lines that were
    drawn anew become lines of their own."""
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(OSError), log.open("r+", encoding="utf-8", errors="replace") as file:  # what is written there stays, at worst
        text = file.read()
        clean = visible(KeyFinder.here().hide(text))
        if clean != text:
            file.seek(0)
            file.write(clean)
            file.truncate()


def _of_damage(error: BaseException, snakemake: Any) -> str | None:
    """What to tell of an error if some of the job's inputs are damaged."""
    inputs = getattr(snakemake, "input", ())
    return advice(Path(str(path)) for path in inputs) if isinstance(error, Exception) else None


@contextmanager
def started_once() -> Iterator[None]:
    """Keep multiprocessing's `spawn` and `forkserver` from running this process's script again in each child.

    A script does its work unguarded, as Snakemake runs it. What is started as `python FOLDER` does so too, and multiprocessing
    leaves that alone: it knows it by the name in the main module's `__spec__`.
    """
    main = sys.modules["__main__"]
    known, main.__spec__ = main.__spec__, importlib.machinery.ModuleSpec("__main__", None)
    try:
        yield
    finally:
        main.__spec__ = known
