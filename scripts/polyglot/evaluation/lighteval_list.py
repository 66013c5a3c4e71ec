"""The tasks that lighteval ships, by name: where each is defined, where its data are, and in which language.

The list is a file (`lighteval_tasks.csv`, written by `python docs/lighteval_tasks.py`), because a study is checked without
lighteval, whose import takes seconds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from polyglot.core.lookup import UnknownName, unknown

FILE = Path(__file__).with_name("lighteval_tasks.csv")
BETWEEN = "|"
"""Separates the values of a field; lighteval's names cannot have it."""
REMEDY = "docs/reference/lighteval.md lists all; lighteval's name goes into `name` if yours differs"
PAIRS = "pairs:"
"""First of a task's parts: they are all pairs `A-B` of the codes that follow."""


@dataclass(frozen=True)
class Listed:
    """A task of lighteval, or a set of tasks with one name before the colon (`mmlu_tur_mcf:biology`, ...).

    Attributes:
        module: of Python, where its configuration is.
        repository: of its data on the hub; "" for none. More than one, with spaces between, if parts differ.
        revision: lighteval's; "" for the main branch.
        lang: the code of its language; "" if lighteval does not say, or for several.
        formulation: `mcf` (options with letters), `cf` (options without), `hybrid`; "" for others.
        metrics: those that an outcome can be read from; the first is lighteval's first.
        writes: whether the model writes an answer for any of them.
        tokens: longest answer; 0 if lighteval does not bound it.
        splits: of its items.
        parts: after the colon; none for a single task.
    """

    name: str
    module: str
    repository: str
    revision: str
    lang: str
    formulation: str
    metrics: tuple[str, ...]
    writes: bool
    tokens: int
    splits: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def pairs(self) -> bool:
        return self.parts[:1] == (PAIRS,)

    def has(self, part: str) -> bool:
        """Whether a part of this name is in the set."""
        if not self.pairs:
            return part in self.parts
        first, _, second = part.partition("-")
        return first != second and {first, second} <= set(self.parts[1:])


@cache
def listed_tasks() -> dict[str, Listed]:
    """Every task and set of tasks, by name."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            Listed(**{field.name: _value(row[field.name], str(field.type)) for field in fields(Listed)})
            for row in csv.DictReader(file)
        ]
    return {one.name: one for one in rows}


def listed_task(name: str) -> Listed:
    """A task, a set of tasks, or one part of a set (`SET:PART`).

    Raises:
        UnknownName: if lighteval has none of this name; the message names the nearest.
    """
    whole, _, part = name.partition(":")
    found = listed_tasks().get(whole)
    if found is None:
        raise UnknownName(f"{unknown('task of lighteval', name, listed_tasks())}. {REMEDY}")
    if part and not found.has(part):
        if found.pairs:
            raise UnknownName(f"unknown pair of {whole}, '{part}': it has the form A-B, such as eng_Latn-swh_Latn")
        raise UnknownName(unknown(f"part of {whole}", part, found.parts))
    return replace(found, name=name, parts=()) if part else found


def listed_text(tasks: Iterable[Listed]) -> str:
    """The list as a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [field.name for field in fields(Listed)]
    writer.writerow(names)
    for task in tasks:
        writer.writerow([_cell(getattr(task, name)) for name in names])
    return out.getvalue()


def _value(cell: str, kind: str) -> Any:
    """The value of a field of the list; `kind` is its annotation."""
    if kind.startswith("tuple"):
        return tuple(filter(None, cell.split(BETWEEN)))
    return cell == "yes" if kind == "bool" else int(cell) if kind == "int" else cell


def _cell(value: str | bool | int | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return BETWEEN.join(value)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
