"""Benchmark items for `polyglot check`: the form that a file's columns tell, and what is wrong in its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from polyglot.workflow.checked import Checked

if TYPE_CHECKING:
    import pandas as pd

    from polyglot.evaluation.forms import Item, Row
    from polyglot.evaluation.readers import Reader

FEW = 10
"""Items from which on it tells something that no first option is correct."""


@dataclass(frozen=True)
class Form:
    """A form of benchmark items.

    Attributes:
        about: the form in words.
        kind: the kind of item.
        read: a row to the row of an item.
        columns: the columns that it takes.
    """

    about: str
    kind: type[Item]
    read: Callable[[Row], Row]
    columns: tuple[str, ...]


def form_of(columns: Collection[str], *, named: bool = False) -> Form | None:
    """The form of benchmark items with these columns, in small letters; None if they are none. Rows that are plain items come
    before the schemas of published data sets, and those before items that lack something.

    Args:
        named: the file is named as a benchmark's are, so that what may be prompts too are items.
    """
    from polyglot.evaluation.forms import Choice, Expression, Preference, Problem
    from polyglot.evaluation.open_forms import Compared, Open, Passage
    from polyglot.evaluation.readers import READERS

    kinds: tuple[type[Item], ...] = (Preference, Problem, Expression, Choice, Compared)
    plain = [_as_it_is(kind) for kind in kinds]
    for form in plain:
        if form.kind.told_by(columns):
            return form
    for name, reader in READERS.items():
        if reader.telling and {field.lower() for field in reader.fields} <= set(columns):
            about = f"{reader.makes.stated_as}, in the schema of {name} (`items: {name}` in config/benchmarks.yaml)"
            return Form(about, reader.makes, partial(_by_reader, reader), reader.fields)
    rest = [_as_it_is(kind) for kind in (Passage, Open) if named and kind.told_by(columns)]
    return next((form for form in plain if any(field in columns for field in form.kind.telling)), rest[0] if rest else None)


def form_among(columns: Collection[str], kinds: Sequence[type[Item]]) -> Form:
    """The form of items with these columns, where a study says of which kinds they are."""
    from polyglot.evaluation.forms import kind_of

    return _as_it_is(kind_of(dict.fromkeys(columns), kinds))


def _as_it_is(kind: type[Item]) -> Form:
    return Form(kind.stated_as, kind, dict, tuple(kind.schema))


def _by_reader(reader: Reader, row: Row) -> Row:
    return reader.item_row(row, reader.words)


def check_items(path: Path, rows: pd.DataFrame, form: Form) -> Checked:
    from polyglot.core.rows import plain
    from polyglot.evaluation.forms import ItemError
    from polyglot.evaluation.items import item_of

    kind, named = f"benchmark items: {form.about}", {str(name) for name in rows.columns}
    wrong = {name: name.strip().lower() for name in named if name.strip().lower() in form.columns and name not in form.columns}
    if wrong:
        renamed = ", ".join(f"'{name}' to '{right}'" for name, right in sorted(wrong.items()))
        return Checked(path, kind, problems=[f"names of columns are in small letters: rename {renamed}"])
    items, problems = [], []
    for place, row in zip(rows.index, rows.to_dict("records"), strict=True):
        stated = {
            str(name): plain(value) for name, value in row.items() if value is None or isinstance(value, list) or value == value
        }
        try:
            items.append(item_of(form.kind, form.read(stated), int(place)))
        except ItemError as error:
            problems.append(f"row {int(place) + 1}: {error}")
    facts = [f"{len(rows):,} items, {len(items):,} of them usable", *_item_facts(items)]
    facts.append(
        "a study takes them from FOLDER/LANG/test.jsonl (or .csv, .parquet), with `folder: FOLDER` (docs/reference/files.md)"
    )
    return Checked(path, kind, facts, problems)


def _item_facts(items: Sequence[Item]) -> list[str]:
    """Options, correct answers, categories and repeated ids."""
    from polyglot.evaluation.forms import Choice, letter

    facts, chosen = [], [item for item in items if isinstance(item, Choice)]
    if chosen:
        sizes, places = Counter(len(item.options) for item in chosen), Counter(item.answer for item in chosen)
        facts.append("options: " + ", ".join(f"{size} in {count:,} items" for size, count in sorted(sizes.items())))
        facts.append("correct: " + ", ".join(f"{letter(place)} {count:,}" for place, count in sorted(places.items())))
        if len(chosen) >= FEW and 0 not in places:
            facts.append("no first option is ever correct: if places are counted from 1, name the field `answer_from_1`")
    categories = Counter(item.category for item in items)
    if len(categories) > 1:
        facts.append("categories: " + ", ".join(f"{name} {count:,}" for name, count in sorted(categories.items())))
    return facts
