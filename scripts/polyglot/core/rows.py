"""Rows of a user's file (JSONL, CSV, Parquet), with errors that name file, row and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from polyglot.core.text import is_unicode


class SeedError(ValueError):
    """A seed file that cannot be used; the message names file, row and remedy."""


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a user's JSONL, CSV or Parquet file, numbered from 0 in file order.

    Raises:
        SeedError: names file, row and remedy.
    """
    path = Path(path)
    if not path.exists():
        raise SeedError(f"{path}: file not found; correct the path in the configuration")
    if path.suffix not in {".jsonl", ".csv", ".parquet"}:
        raise SeedError(f"{path}: unsupported file type; use .jsonl, .csv or .parquet")
    if path.suffix == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise SeedError(f"{path}: not a readable Parquet file: {error}. Write it again") from error
        return frame.reset_index(drop=frame.index.name is None)
    lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            row = number - (path.suffix == ".csv")
            raise SeedError(
                f"{path}: row {row}: byte {error.start} of line {number} is not UTF-8. Convert the file, e.g. "
                f"iconv -f latin1 -t utf-8 {path.name}"
            ) from error
    if path.suffix == ".csv":
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        except ValueError as error:
            raise SeedError(f"{path}: not a readable CSV file: {error}. Quote fields that hold commas or line breaks") from error
    rows: list[dict[str, object]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SeedError(f"{path}: row {number}: not JSON ({error}). Write one JSON object per line") from error
        if not isinstance(row, dict):
            raise SeedError(f"{path}: row {number}: a {type(row).__name__}, not an object. Write one JSON object per line")
        if not is_unicode(json.dumps(row, ensure_ascii=False)):
            raise SeedError(f"{path}: row {number}: an unpaired surrogate, which is not a character. Correct the row")
        rows.append(row)
        numbers.append(number)
    return pd.DataFrame(rows, index=[number - 1 for number in numbers])
