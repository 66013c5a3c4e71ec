"""A benchmark's items: converts a data set's files to the JSONL that evaluation uses, and reads it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_jsonl, write_jsonl
from polyglot.core.text import normalise
from polyglot.evaluation.forms import Item, ItemError, kind_of
from polyglot.evaluation.formulations import kinds_for
from polyglot.evaluation.readers import READERS, Reader
from polyglot.registry.data import BenchmarkFacts


class BenchmarkError(WrongInput):
    """Items that do not match the registry's description; the message names benchmark, file, row and remedy."""


def write_items(name: str, facts: BenchmarkFacts, folder: Path, lang: str, out: Path) -> dict[str, int]:
    """Write `out`/test.jsonl, and `out`/dev.jsonl if there are few-shot examples.

    Args:
        folder: the data set's files.

    Returns:
        The number of rows by file.

    Raises:
        BenchmarkError: if a file or column is missing, or a row is not a valid item.
    """
    written = {}
    for file, patterns in (("test.jsonl", facts.test), ("dev.jsonl", facts.shots)):
        if not patterns:
            continue
        items = [item for path in _files(name, facts, folder, lang, patterns) for item in _published(name, facts, path, lang)]
        write_jsonl([item.to_row() for item in _unique(items)], out / file)
        written[file] = len(items)
    return written


def read_items(
    name: str, path: Path, kinds: Sequence[type[Item]], *, lang: str = "", keep_duplicates: bool = False
) -> list[Item]:
    """The items of a task folder's file.

    Args:
        name: the benchmark, for messages.
        kinds: allowed kinds of item.
        lang: the items' language; "" if not known.
        keep_duplicates: accept items with two identical options.

    Raises:
        BenchmarkError: if a line is not a JSON object or not a valid item; names benchmark, file, row, field and remedy.
    """
    items = []
    for place, line in enumerate(_lines(path)):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BenchmarkError(f"benchmark '{name}': {path}, row {place + 1}: not JSON: {error}; correct the row") from error
        if not isinstance(row, dict):
            raise BenchmarkError(f"benchmark '{name}': {path}, row {place + 1}: a row is a JSON object with named fields")
        try:
            items.append(kind_of(row, kinds).from_row(row | {"lang": lang}, place, keep_duplicates=keep_duplicates))
        except ItemError as error:
            raise BenchmarkError(f"benchmark '{name}': {path}, row {place + 1}: {error}") from error
    return items


def benchmark_questions(folders: Iterable[Path]) -> frozenset[str]:
    """Normalised questions of all test items in the folders; no student may be trained on them."""
    rows = [json.loads(line) for folder in folders for line in _lines(folder / "test.jsonl")]
    return frozenset(normalise(row.get("question") or row["prompt"]) for row in rows)


def _lines(path: Path) -> list[str]:
    """The lines of a JSONL file. Unicode line separators inside texts do not end a row."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _files(name: str, facts: BenchmarkFacts, folder: Path, lang: str, patterns: Sequence[str]) -> list[Path]:
    patterns = [pattern.format(name=facts.languages[lang]) for pattern in patterns]
    found = (sorted(path for path in Path(folder).glob(pattern) if path.is_file()) for pattern in patterns)
    paths = next(filter(None, found), [])  # items present in two file formats count once
    if not paths:
        raise BenchmarkError(
            f"benchmark '{name}': no file in {folder} matches {', '.join(patterns)}; correct the registry, or name a `folder` "
            f"with {lang}/test.jsonl in the study"
        )
    return paths


def _published(name: str, facts: BenchmarkFacts, path: Path, lang: str) -> list[Item]:
    """The items of one file of a data set."""
    reader: Reader | None = READERS[facts.items] if facts.items else None
    kinds = (reader.makes,) if reader else kinds_for(facts.formulations)
    words = facts.words.get(lang, reader.words if reader else ())
    rows, items = _read(path, facts.columns), []
    columns = list(dict.fromkeys(column for row in rows for column in row))
    absent = [field for field in (reader.fields if reader else ()) if field not in columns]
    if absent or not rows:
        told = f"has no column {', '.join(absent)}; it has: {', '.join(columns) or 'no rows'}"
        raise BenchmarkError(f"benchmark '{name}': {path} {told}; correct the file, or `items` in config/benchmarks.yaml")
    for place, row in enumerate(rows):
        try:
            stated = reader.read(row, words) if reader else row
            kind = kind_of(stated, kinds)
            items.append(kind.from_row(stated | {"lang": lang}, place, keep_duplicates=facts.duplicate_options == "keep"))
        except ItemError as error:
            raise BenchmarkError(f"benchmark '{name}': {path}, row {place + 1}: {error}") from error
    return items


def _read(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return read_jsonl(path)
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return found
    if path.suffix in (".csv", ".tsv"):
        import pandas as pd

        form: dict[str, Any] = {"sep": "\t", "header": None, "names": columns, "quoting": csv.QUOTE_NONE}
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, **(form if path.suffix == ".tsv" else {}))
        return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    raise BenchmarkError(f"{path}: benchmark files must be Parquet, JSONL, CSV or TSV; correct the registry")


def _unique(items: Iterable[Item]) -> list[Item]:
    """Make repeated ids unique by appending a count, because outcomes are matched by id."""
    seen: Counter[str] = Counter()
    told_apart = []
    for item in items:
        seen[item.id] += 1
        told_apart.append(item if seen[item.id] == 1 else replace(item, id=f"{item.id}#{seen[item.id]}"))
    return told_apart
