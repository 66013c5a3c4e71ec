"""Traces a table's cell to its files and jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.hashing import file_hash
from polyglot.provenance.archive.crate import METADATA
from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.reading import Archive, ArchiveError

KEYS = ("base", "recipe", "teacher", "lang", "method", "model")
"""Columns whose values identify a row's jobs: wildcards of the rules."""
SHORT = 12
"""Digits of a hash that are shown."""


@dataclass(frozen=True)
class Cell:
    """Cells of a table: one row, and some of its columns (none: all numbers)."""

    row: Mapping[str, Any]
    columns: Sequence[str]

    @property
    def known(self) -> dict[str, str]:
        """Wildcard to the row's value."""
        return {key: str(self.row[key]) for key in KEYS if key in self.row and isinstance(self.row[key], str)}


def find_cells(table: pd.DataFrame, words: Sequence[str], name: str) -> list[Cell]:
    """The cells that the words select: a word is a column, or a value that selects rows.

    Raises:
        ArchiveError: for a word that is neither (lists the known ones), or if no row has all the values.
    """
    columns = [word for word in words if word in table.columns]
    rows = table
    texts = [column for column in table.columns if not pd.api.types.is_numeric_dtype(table[column])]
    for word in [word for word in words if word not in columns]:
        fits = pd.Series(False, index=rows.index)
        for column in texts:
            fits |= rows[column].astype(str).str.casefold() == word.casefold()
        if not fits.any():
            known = sorted({str(value) for column in KEYS if column in table for value in table[column].dropna()})
            raise ArchiveError(
                f"{name}: '{word}' is no column and no row's value; columns: {', '.join(table.columns)}; rows: {', '.join(known)}"
            )
        rows = rows[fits]
    return [Cell({str(key): value for key, value in row.items()}, columns) for row in rows.to_dict("records")]


@dataclass(frozen=True)
class Tracer:
    """Follows files back to jobs within an archive."""

    archive: Archive

    @cached_property
    def makers(self) -> dict[str, Mapping[str, Any]]:
        """Each file that a job made, to the job."""
        return {path: line for line in self.archive.jobs() for path in Named(**line["output"], flat=True)}

    @cached_property
    def languages(self) -> set[str]:
        return {line["wildcards"]["lang"] for line in self.makers.values() if "lang" in line["wildcards"]}

    @cached_property
    def files(self) -> dict[str, Mapping[str, Any]]:
        """Path to the crate's entry of a file or folder."""
        graph = json.loads(self.archive.text(METADATA))["@graph"]
        return {
            entity["name"]: entity for entity in graph if set(_list(entity["@type"])) & {"File", "Dataset"} and "name" in entity
        }

    def lines(self, table: str, cells: Sequence[Cell]) -> Iterator[str]:
        """The chain, one line per step."""
        for cell in cells:
            keys = ", ".join(f"{key} {value}" for key, value in cell.known.items())
            yield f"{table}{f': {keys}' if keys else ''}"
            for column in cell.columns or [name for name in cell.row if name not in KEYS]:
                yield f"  {column} = {cell.row[column]}"
        known = {key: {cell.known[key] for cell in cells if key in cell.known} for key in KEYS}
        parts = {part for cell in cells for column in cell.columns for part in column.split("_")}
        known["lang"] |= parts & self.languages
        yield from self._back(table, {key: values for key, values in known.items() if values}, "", set())

    def _back(self, path: str, known: Mapping[str, set[str]], indent: str, seen: set[str]) -> Iterator[str]:
        line = self.makers.get(path)
        maker = line["id"] if line else path
        if maker in seen:
            yield f"{indent}{path}{self._file(path)}  (by {maker}, above)" if line else f"{indent}{path}  (above)"
            return
        seen.add(maker)
        yield f"{indent}{path}{self._file(path)}{'' if line else '  (a source)'}"
        if line is None:
            return
        yield f"{indent}  by {maker}{self._run(line)}"
        inputs = list(Named(**line["input"], flat=True))
        open_keys = {key: values for key, values in known.items() if key not in line["wildcards"]}
        mine = [file for file in inputs if self._concerns(file, open_keys)]
        for file in mine:
            yield from self._back(file, known, f"{indent}    ", seen)
        if len(mine) < len(inputs):
            yield f"{indent}    and {len(inputs) - len(mine)} files of other rows, which these are compared with"

    def _concerns(self, path: str, known: Mapping[str, set[str]]) -> bool:
        """Whether a file belongs to these cells, or to no specific cell."""
        line = self.makers.get(path)
        wildcards = line["wildcards"] if line else {}
        return all(value in known.get(key, {value}) for key, value in wildcards.items() if key != "model")

    def _file(self, path: str) -> str:
        facts = self.files.get(path, {})
        parts = [f"sha256 {facts['sha256'][:SHORT]}…"] if "sha256" in facts else []
        parts += [f"{int(facts['contentSize']):,} bytes"] if "contentSize" in facts else []
        parts += [f"folder of {len(_list(facts['hasPart']))} files"] if facts.get("hasPart") else []
        parts += [facts["description"].rstrip(".")] if "description" in facts else []
        return f"  [{'; '.join(parts)}]" if parts else ""

    def _run(self, line: Mapping[str, Any]) -> str:
        seconds = (datetime.fromisoformat(line["ended"]) - datetime.fromisoformat(line["began"])).total_seconds()
        took = line["measured"].get("s") or f"{seconds:.0f}"
        attempt = line["attempts"][-1] if line["attempts"] else {}
        parts = [line["script"] or line["shell"], f"at {line['began']}", f"{float(took):.1f} s"]
        parts += [f"{kind} {attempt[kind][:SHORT]}" for kind in ("environment", "machine", "code") if kind in attempt]
        return f": {', '.join(parts)}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def trace(archive: Archive, table: Path, words: Sequence[str]) -> Iterator[str]:
    """Trace cells of a table to their files, jobs and models.

    Args:
        table: path of a CSV file as in the archive; if a local file has that path, it must match.
        words: columns, and values that select rows.

    Raises:
        ArchiveError: if the table is not in the archive, differs from it, or has no such row or column.
    """
    name = table.as_posix()
    kept = archive.folder / name
    if table.suffix != ".csv" or not kept.is_file():
        known = sorted(path.relative_to(archive.folder).as_posix() for path in archive.folder.glob("results/*/tables/*.csv"))
        raise ArchiveError(f"{name}: no such table; there are: {', '.join(known)}")
    if table.is_file() and file_hash(table) != file_hash(kept):
        raise ArchiveError(f"{name}: it is not the table that was archived; make the archive again")
    cells = find_cells(pd.read_csv(kept), words, name)
    yield from Tracer(archive).lines(name, cells)
    models = json.loads(archive.text("provenance/models.json"))
    named = [cell.known.get(key, "") for cell in cells for key in ("teacher", "base", "model")]
    for model in sorted(set(named) & set(models)):
        facts = {key: value for key, value in models[model].items() if value not in (None, "", {})}
        yield f"model {model}: {', '.join(f'{key} {value}' for key, value in facts.items())}"
