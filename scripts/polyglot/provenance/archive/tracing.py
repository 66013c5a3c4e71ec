"""Traces a file, or a table's cell, to its files and jobs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.files import read_frame
from polyglot.core.hashing import file_hash
from polyglot.core.text import printable
from polyglot.provenance.archive.errors import ArchiveError
from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.lines import parsed
from polyglot.provenance.archive.members import composed
from polyglot.provenance.archive.reading import JOBS, Archive, types_of

MODELS = "provenance/models.json"
KEYS = ("base", "recipe", "teacher", "lang", "method", "model")
"""Columns whose values identify a row's jobs: wildcards of the rules."""
MOST_DIGITS = 19
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
    def inside(self) -> set[str]:
        """The files in the archive, all of whose hashes are those that are printed.

        Raises:
            ArchiveError: names the first file that is missing, changed or not declared.
        """
        return self.archive.check_files()

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
        return {
            entity["name"]: entity
            for entity in self.archive.entities()
            if {"File", "Dataset"} & {*types_of(entity)} and isinstance(entity.get("name"), str)
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
        digest, size = str(facts.get("sha256", "")), str(facts.get("contentSize", ""))
        unchecked = "" if path in self.inside else " (not checked: the file is not in the archive)"
        parts = [f"sha256 {digest[:SHORT]}…{unchecked}"] if digest else []
        parts += [f"{int(size):,} bytes"] if size.isdecimal() and len(size) < MOST_DIGITS else []
        parts += [f"folder of {len(_list(facts['hasPart']))} files"] if facts.get("hasPart") else []
        parts += [str(facts["description"]).rstrip(".")] if "description" in facts else []
        return f"  [{'; '.join(parts)}]" if parts else ""

    def _run(self, line: Mapping[str, Any]) -> str:
        try:
            seconds = (datetime.fromisoformat(line["ended"]) - datetime.fromisoformat(line["began"])).total_seconds()
            took = float(line["measured"].get("s") or seconds)
        except (TypeError, ValueError, OverflowError):
            raise ArchiveError(f"{JOBS}: job {line['id']}: its times cannot be read") from None
        attempt = line["attempts"][-1] if line["attempts"] else {}
        parts = [str(line["script"] or line["shell"] or "no command"), f"at {line['began']}", f"{took:.1f} s"]
        parts += [f"{kind} {str(attempt[kind])[:SHORT]}" for kind in ("environment", "machine", "code") if kind in attempt]
        return f": {', '.join(parts)}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


SHOWN_AS = (".md", ".tex", ".html")
"""Other formats of a table; its values are read from the CSV beside it."""


def archive_of(path: Path) -> Path:
    """Where the archive of a file's study is: results/STUDY/archive.zip, from wherever the path starts.

    Raises:
        ArchiveError: for a file outside a study's results, or if the archive is missing (says how to make it).
    """
    parts = path.parts
    if "results" not in parts[:-2]:
        raise ArchiveError(f"{path}: not in a study's results (results/STUDY/...); name the archive with --archive")
    place = parts.index("results")
    archive = Path(*parts[: place + 2]) / "archive.zip"
    if not archive.exists():
        missing = "" if path.exists() else f"; {path.name} is missing too"
        name = Path(*parts[place : place + 2]) / "archive.zip"
        raise ArchiveError(f"{archive} is missing, which a file is traced in{missing}. Make it: snakemake {name}")
    return archive


def trace(archive: Archive, path: Path, words: Sequence[str]) -> Iterator[str]:
    """Trace a file, or cells of a table, to files, jobs and models.

    Args:
        path: any file of the study, under whatever folder; if there is a local file of that path, it must match.
        words: for a table: columns, and values that select rows.

    Raises:
        ArchiveError: if the file is not in the archive (names the nearest), differs from it, or has no such row or column.
    """
    try:
        yield from (printable(step) for step in _traced(Tracer(archive), path, words))
    except RecursionError:
        raise ArchiveError(f"{JOBS}: too many jobs follow one another to be traced") from None


def _traced(tracer: Tracer, path: Path, words: Sequence[str]) -> Iterator[str]:
    archive, _ = tracer.archive, tracer.inside
    inside = Path(*path.parts[path.parts.index("results") :]) if "results" in path.parts else path
    name = composed(inside.as_posix())
    known = set(tracer.makers) | set(tracer.files)
    if name not in known and not (archive.folder / name).is_file():
        raise ArchiveError(f"{name}: {_missing(path, name, known)}")
    kept = archive.folder / name
    told = file_hash(kept) if kept.is_file() else tracer.files.get(name, {}).get("sha256")
    if path.is_file() and told is not None and file_hash(path) != told:
        raise ArchiveError(f"{name}: it is not the file that was archived; make the archive again")
    table = kept.with_suffix(".csv") if kept.suffix in SHOWN_AS else kept
    if table.suffix != ".csv" or not table.is_file():
        if words:
            raise ArchiveError(f"{name}: rows and columns are selected in tables (CSV) only; leave out {' '.join(words)}")
        yield from tracer.lines(name, [])
        return
    try:
        frame = read_frame(table)
    except (ValueError, OSError) as error:
        raise ArchiveError(f"{table.relative_to(archive.folder)}: it is no table: {str(error).strip()}") from None
    cells = find_cells(frame, words, name)
    yield from tracer.lines(name, cells)
    models = parsed(archive.text(MODELS), MODELS)
    if not (isinstance(models, dict) and all(isinstance(facts, dict) for facts in models.values())):
        raise ArchiveError(f"{MODELS}: it does not describe models by name")
    named = [cell.known.get(key, "") for cell in cells for key in ("teacher", "base", "model")]
    for model in sorted(set(named) & set(models)):
        facts = {key: value for key, value in models[model].items() if value not in (None, "", {})}
        yield f"model {model}: {', '.join(f'{key} {value}' for key, value in facts.items())}"


def _missing(path: Path, name: str, known: Collection[str]) -> str:
    """Why a file cannot be traced, and the nearest that can."""
    near = difflib.get_close_matches(name, known, n=5) or sorted(one for one in known if Path(one).stem == Path(name).stem)[:5]
    reason = (
        "it is not in the archive: it was made later, or by no job; make the archive again" if path.exists() else "no such file"
    )
    return f"{reason}; near it: {', '.join(near)}" if near else f"{reason}; the archive has {len(known)} others"
