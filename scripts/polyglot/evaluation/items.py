"""A benchmark's items: converts a data set's files to the JSONL that evaluation uses, and reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyglot.core.errors import MissingFile, WrongInput
from polyglot.core.files import write_jsonl
from polyglot.core.rows import FileError, lines_of, rows_file, stream_rows
from polyglot.core.text import unfit
from polyglot.evaluation.forms import REMEDY, Item, ItemError, Row, kind_of
from polyglot.evaluation.formulations import kinds_for
from polyglot.evaluation.open_forms import asked_texts
from polyglot.evaluation.readers import READERS, Reader, without_nan
from polyglot.registry.data import BenchmarkFacts

TEST, SHOTS = "test", "dev"
"""The names of the files in a task folder: test items, and few-shot examples."""


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
    for file, patterns in ((f"{TEST}.jsonl", facts.test), (f"{SHOTS}.jsonl", facts.shots)):
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
    items: list[Item] = []
    for line, row in _rows(name, path):
        try:
            stated = without_nan(row) | {"lang": lang}
            items.append(item_of(kind_of(row, kinds), stated, len(items), keep_duplicates=keep_duplicates))
        except ItemError as error:
            raise BenchmarkError(f"benchmark '{name}': {path}: row {line + 1}: {error}") from error
    if not items:
        raise BenchmarkError(f"benchmark '{name}': {path}: no rows; add some, or leave the benchmark out")
    return items


def item_of(kind: type[Item], row: Row, place: int, *, keep_duplicates: bool = False) -> Item:
    """The item of a row (see `Item.from_row`), all of whose texts a file can hold.

    Raises:
        ItemError: if a field is missing, empty or invalid; names the field and the remedy.
    """
    item = kind.from_row(row, place, keep_duplicates=keep_duplicates)
    for field, value in item.to_row().items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and (told := unfit(one)):
                raise ItemError(f"{field} has {told}, which is no character of a text; {REMEDY}")
    return item


def items_file(name: str, folder: Path) -> Path:
    """The test items of a task folder, in any format that has columns (`polyglot.core.rows.FORMATS`).

    Raises:
        MissingFile: if there is no such file.
        BenchmarkError: if there are several.
    """
    found = _one_file(name, folder, TEST)
    if found is None:
        raise MissingFile(f"there is no {folder}/{TEST}.jsonl, {TEST}.csv or {TEST}.parquet, as benchmark '{name}' needs")
    return found


def holds_items(folder: Path) -> bool:
    """Whether a task folder has a file of test items, or several, of which a job will say so."""
    try:
        return rows_file(folder, TEST) is not None
    except FileError:
        return True


def shots_file(name: str, folder: Path) -> Path | None:
    """The few-shot examples of a task folder, as `items_file`; None if it has none."""
    return _one_file(name, folder, SHOTS)


def _one_file(name: str, folder: Path, stem: str) -> Path | None:
    try:
        return rows_file(folder, stem)
    except FileError as error:
        raise BenchmarkError(f"benchmark '{name}': {error}") from error


def _rows(name: str, path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place and values of a file's rows.

    Args:
        columns: names of the columns of a TSV file that has none itself, and no quotes.

    Raises:
        BenchmarkError: if it cannot be read; names benchmark, file, row and remedy.
    """
    try:
        if path.suffix == ".tsv" and columns:
            yield from _plain_table(path, columns)
        else:
            yield from stream_rows(path)
    except FileError as error:
        raise BenchmarkError(f"benchmark '{name}': {error}") from error


def _plain_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, line in enumerate(lines_of(path)):
        fields = line.split("\t")
        if line and len(fields) != len(columns):
            raise FileError(f"{path}: row {place + 1}: {len(fields)} fields, and `columns` names {len(columns)}; correct either")
        if line:
            yield place, dict(zip(columns, fields, strict=True))


def benchmark_questions(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Benchmark to the questions of its test items in the folders BENCHMARK/LANGUAGE; no student may be trained on them."""
    found: dict[str, list[str]] = {}
    for name, folder in ((folder.parent.name, folder) for folder in folders):
        for _, row in _rows(name, items_file(name, folder)):
            found.setdefault(name, []).extend([*asked_texts(row), *map(str, row.get("texts", ()))])
    return found


def _files(name: str, facts: BenchmarkFacts, folder: Path, lang: str, patterns: Sequence[str]) -> list[Path]:
    patterns = [pattern.format(name=facts.languages[lang]) for pattern in patterns]
    found = (sorted(path for path in Path(folder).glob(pattern) if path.is_file()) for pattern in patterns)
    paths = next(filter(None, found), [])  # items present in two file formats count once
    if not paths:
        raise BenchmarkError(
            f"benchmark '{name}': no file in {folder} matches {', '.join(patterns)}; correct the registry, or name a `folder` "
            f"with {lang}/{TEST}.jsonl in the study"
        )
    return paths


def _published(name: str, facts: BenchmarkFacts, path: Path, lang: str) -> list[Item]:
    """The items of one file of a data set."""
    reader: Reader | None = READERS[facts.items] if facts.items else None
    kinds = (reader.makes,) if reader else kinds_for(facts.formulations)
    words = facts.words.get(lang, reader.words if reader else ())
    if path.suffix == ".tsv" and not facts.columns:
        raise BenchmarkError(f"benchmark '{name}': {path}: a TSV file has no names; name its `columns` in config/benchmarks.yaml")
    rows, items = dict(_rows(name, path, facts.columns)), list[Item]()
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    absent = [field for field in (reader.fields if reader else ()) if field not in columns]
    if absent or not rows:
        told = f"has no column {', '.join(absent)}; it has: {', '.join(columns) or 'no rows'}"
        raise BenchmarkError(f"benchmark '{name}': {path} {told}; correct the file, or `items` in config/benchmarks.yaml")
    for line, row in rows.items():
        try:
            stated = reader.item_row(row, words) if reader else without_nan(row)
            kind, kept = kind_of(stated, kinds), facts.duplicate_options == "keep"
            items.append(item_of(kind, stated | {"lang": lang}, len(items), keep_duplicates=kept))
        except ItemError as error:
            raise BenchmarkError(f"benchmark '{name}': {path}: row {line + 1}: {error}") from error
    return items


def _unique(items: Iterable[Item]) -> list[Item]:
    """Make repeated ids unique by appending a count, because outcomes are matched by id."""
    seen: Counter[str] = Counter()
    told_apart = []
    for item in items:
        seen[item.id] += 1
        told_apart.append(item if seen[item.id] == 1 else replace(item, id=f"{item.id}#{seen[item.id]}"))
    return told_apart
