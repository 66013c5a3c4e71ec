"""Damaged files of a study: which of a failed job's inputs cannot be read, and what to do.

A disk that was full, a copy that broke off or a failing disk leaves files that libraries refuse without naming them. The inputs
of a job that failed are tried one by one, so that the message can name the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

SUFFIXES = (".parquet", ".safetensors", ".json")


def advice(inputs: Iterable[Path]) -> str | None:
    """What to tell if some of a job's inputs are damaged; None if all can be read.

    Args:
        inputs: files and folders.
    """
    found = [(path, damaged) for path in inputs for damaged in _damaged(path)]
    if not found:
        return None
    lines = [f"{damaged}: the file is damaged and cannot be read" for _, damaged in found]
    remove = " ".join(dict.fromkeys(str(path) for path, _ in found))
    made = "the workflow makes it anew, and keeps all else; a file of your own must be replaced"
    return "\n".join([*lines, f"Remove it (rm -r {remove}) and run again: {made}."])


def _damaged(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    return [file for file in files if file.suffix in SUFFIXES and file.is_file() and not _readable(file)]


def _readable(file: Path) -> bool:
    readers: dict[str, Callable[[Path], object]] = {".parquet": _parquet, ".safetensors": _weights, ".json": _json}
    try:
        readers[file.suffix](file)
    except MemoryError:
        raise
    except Exception:  # whatever a library says of a file that it cannot read
        return False
    return True


def _parquet(file: Path) -> None:
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(file).iter_batches():
        batch.validate(full=True)


def _weights(file: Path) -> None:
    from safetensors import safe_open

    with safe_open(file, framework="numpy"):
        pass


def _json(file: Path) -> None:
    json.loads(file.read_text(encoding="utf-8"))
